/**
 * Secrets in the store that are damaged: the server does not start with them, and says what to do.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { openUploadSecret, renewUploadSecret } from '../../functions/compose/open-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { startServer } from '../../functions/node/server.ts'
import { SIGNING_KEYS_KEY, UPLOAD_SECRET_KEY } from '../../functions/registry/layout.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'

let directory: Awaited<ReturnType<typeof temporaryDirectory>>
let store: ObjectStore
beforeAll(async () => {
  directory = await temporaryDirectory()
  store = openFileStore(directory.path)
})
afterAll(() => directory.remove())

const settings = () => {
  const flags = [`--store=file:${directory.path}`, '--listen=127.0.0.1:0', '--log-level=silent']
  return readSettings(flags, {})
}
const start = () => startServer(settings(), {})
const starts = async () => (await start()).stop()

describe('the upload secret', () => {
  for (const length of [0, 1, 31, 33, 64, 5_000_000]) {
    test(`of ${length} bytes`, async () => {
      await store.put(UPLOAD_SECRET_KEY, new Uint8Array(length))
      const message = new RegExp(
        `${UPLOAD_SECRET_KEY} .* has (?:${length}|more than 32) bytes.*delete it`,
      )
      await assert.rejects(start(), message)
      await assert.rejects(openUploadSecret(settings(), {}, store)(), message)
      await store.delete([UPLOAD_SECRET_KEY])
      await starts()
    })
  }

  test('a damaged one is replaced where all uploads are ended', async () => {
    for (const length of [0, 32, 5_000_000]) {
      await store.put(UPLOAD_SECRET_KEY, new Uint8Array(length))
      await renewUploadSecret(store)
      assert.equal((await store.head(UPLOAD_SECRET_KEY))?.size, 32)
      await starts()
    }
  })
})

describe('the signing keys', () => {
  const damages: readonly (readonly [string, Uint8Array])[] = [
    ['empty', new Uint8Array()],
    ['garbage', Buffer.from('\xfe\xfe', 'latin1')],
    ['cut', Buffer.from('{"version":1,"keys":[{"jwk"')],
    ['other JSON', Buffer.from('null')],
    ['too large', Buffer.alloc(5_000_000, ' ')],
  ]
  for (const [how, bytes] of damages) {
    test(how, async () => {
      await store.put(SIGNING_KEYS_KEY, bytes)
      await assert.rejects(start(), new RegExp(SIGNING_KEYS_KEY))
      await store.delete([SIGNING_KEYS_KEY])
      await starts()
    })
  }
})
