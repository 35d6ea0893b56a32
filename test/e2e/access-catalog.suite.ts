/**
 * The catalog shows each account the repositories that it may pull, and no others.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { run, scratch } from '../support/live/process.ts'
import type { Account } from './support/client.ts'
import { type Guarded, startGuarded } from './support/guarded.ts'
import { sourceImage } from './support/image.ts'

for (const auth of ['token', 'basic'] as const) {
  describe(`catalog, ${auth}`, () => {
    const files = scratch('catalog')
    let guarded: Guarded
    beforeAll(async () => {
      const image = await sourceImage('small')
      guarded = await startGuarded(auth)
      const { alice, bob, front } = guarded
      const repositories = [
        [alice, 'open/app'],
        [alice, 'dev/app'],
        [alice, 'alice/app'],
        [bob, 'bob/app'],
      ] as const
      for (const [account, repository] of repositories) {
        await craneAs(account)('push', image.layout, `${front.address}/${repository}:v1`)
      }
    }, 900_000)
    afterAll(async () => {
      await guarded?.close()
      files.remove()
    })

    const craneAs =
      (account?: Account) =>
      async (...args: string[]): Promise<string> => {
        const env = { DOCKER_CONFIG: mkdtempSync(join(files.path, 'home-')) }
        const { address } = guarded.front
        if (account) {
          const { name, password } = account
          await run('crane', ['auth', 'login', '-u', name, '-p', password, address], { env })
        }
        return run('crane', args, { env })
      }

    const table: readonly (readonly [who: 'alice' | 'bob' | 'robot', ...repositories: string[]])[] =
      [
        ['alice', 'alice/app', 'dev/app', 'open/app'],
        ['bob', 'bob/app', 'open/app'],
        ['robot', 'dev/app', 'open/app'],
      ]
    for (const [who, ...repositories] of table) {
      test(`${who} sees ${repositories.join(', ')}`, async () => {
        const printed = await craneAs(guarded[who])('catalog', guarded.front.address)
        assert.deepEqual(printed.trim().split('\n'), repositories)
      })
    }
  })
}
