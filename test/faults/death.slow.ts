/**
 * A crash at any point of large pushes: of several parts, staged and copied.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { test } from 'vitest'
import { blob } from '../support/hosts/content.ts'
import { type PushBlob, pushAsContainerd, pushAsDocker } from '../support/rig/push.ts'
import { STORES } from '../support/rig/stores.ts'
import { dieEverywhere } from './death.ts'

const LARGE = blob('large', 17 * 1024 * 1024)

const STYLES: readonly (readonly [string, PushBlob])[] = [
  ['docker-style', pushAsDocker],
  ['containerd-style', pushAsContainerd],
]

for (const [name, open] of STORES) {
  for (const [style, push] of STYLES) {
    test(`a large image, ${style}, on ${name}: a crash after each operation`, async (t) => {
      const deaths = await dieEverywhere(open, [LARGE], push)
      await t.annotate(`${deaths} deaths`)
      assert.ok(deaths > 10)
    })
  }
}
