/**
 * The OCI distribution specification (1.1 and what its main branch adds), rule by rule, on every
 * set-up.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type Setup, setupNames, startSetup } from '../support/live/setups.ts'
import { blobRules } from './blob-rules.ts'
import { Repository, type Rule } from './client.ts'
import { discoveryRules } from './discovery-rules.ts'
import { manifestRules } from './manifest-rules.ts'
import { uploadRules } from './upload-rules.ts'

const chapters: Readonly<Record<string, readonly Rule[]>> = {
  'blobs that are there': blobRules,
  'pushing blobs': uploadRules,
  manifests: manifestRules,
  'tags, referrers and names': discoveryRules,
}

for (const name of setupNames) {
  describe(`the specification on ${name}`, () => {
    let setup: Setup
    beforeAll(async () => {
      setup = await startSetup(name)
    })
    afterAll(() => setup.close())

    test('GET /v2/ is 200', async () => {
      assert.equal((await fetch(`http://${setup.address}/v2/`)).status, 200)
    })

    for (const [chapter, rules] of Object.entries(chapters)) {
      describe(chapter, () => {
        for (const [position, { rule, check }] of rules.entries()) {
          const repository = `spec/${chapter.replaceAll(/\W+/g, '-')}/r${position}`
          test(rule, () => check(new Repository(setup.address, repository)))
        }
      })
    }
  })
}
