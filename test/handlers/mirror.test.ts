/**
 * The function that keeps repositories in step, call by call, on S3.
 *
 * @module
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createHandler } from '../../functions/handlers/mirror.ts'
import { mirrorKey } from '../../functions/registry/layout.ts'
import { readAll } from '../../functions/storage/bytes.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { openRelay, type Relay } from '../cli/mirror/relay.ts'
import type { S3Server } from '../emulators/s3/server.ts'
import { CONFIG, CONFIG_TYPE, descriptorOf, imageOf } from '../support/hosts/content.ts'
import { startBucket } from '../support/hosts/start.ts'
import { clientOf } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { type OpenedServer, serveFiles } from '../support/rig/server.ts'
import { storeOn } from '../support/rig/stores.ts'
import { WRONG } from './wrong-settings.ts'

const MINUTE = 60_000
const IMAGE = imageOf([], { config: descriptorOf(CONFIG_TYPE, CONFIG) })

let source: OpenedServer
let s3: S3Server
let env: NodeJS.ProcessEnv
let store: ObjectStore
beforeAll(async () => {
  source = await serveFiles()
  const bucket = await startBucket()
  s3 = bucket.server
  env = { ...bucket.env, SLIPWAY_STORE: `s3://${s3.bucket}` }
  store = storeOn(s3)
})
afterAll(async () => {
  await source.close()
  await s3.close()
})

let count = 0
let name: string
let relay: Relay
beforeEach(async (t) => {
  name = `app${count++}`
  relay = await openRelay(t, source.url)
  await store.delete([mirrorKey('state'), mirrorKey('lease')])
})

const push = async (...tags: readonly string[]): Promise<void> => {
  await pushAtOnce(source.send, name, CONFIG)
  for (const tag of tags) await pushManifest(source.send, name, tag, IMAGE)
}
/** Calls it. @param left milliseconds that it has */
const call = (event: object = {}, left = 15 * MINUTE, more: object = {}): Promise<void> => {
  const rule = { name: 'all', from: relay.host, to: 'store', repositories: [name], ...more }
  const document = async () => JSON.stringify({ version: 1, rules: [rule] })
  const context = { functionName: 'mirror', getRemainingTimeInMillis: () => left }
  return createHandler(env, document)(event, context)
}
const state = async () => {
  const object = await store.get(mirrorKey('state'))
  return JSON.parse((await readAll(object!.body, 1e6)).toString()).rules.all
}
const tags = async (): Promise<readonly string[]> => {
  const send = await clientOf(store)
  return JSON.parse((await send(`GET /v2/${name}/tags/list`)).body.toString()).tags
}

test('copies what is due, and asks for nothing before it is time again', async () => {
  await push('v1')
  await call()
  expect(await tags()).toEqual(['v1'])
  expect(await state()).toMatchObject({ copied: 1, failed: 0 })
  expect(await store.head(mirrorKey('lease'))).toBeUndefined()
  await push('v2')
  relay.asked.length = 0
  await call()
  expect(relay.asked).toEqual([])
  await call({ now: true })
  expect(await tags()).toEqual(['v1', 'v2'])
})

test('begins nothing when its time is almost over, and the next call goes on', async () => {
  await push('v1')
  await call({}, 2 * MINUTE)
  expect(relay.asked).toEqual([])
  await call()
  expect(await state()).toMatchObject({ copied: 1, stopped: false })
})

test('does nothing while another call does', async () => {
  await push('v1')
  const began = new Date().toISOString()
  await store.put(mirrorKey('lease'), Buffer.from(JSON.stringify({ began })))
  await call()
  expect(relay.asked).toEqual([])
})

test('an image that fails is an error, and what is kept says why', async () => {
  await push('v1')
  await expect(call({}, undefined, { tags: ['v1', 'v2'] })).rejects.toThrow(
    /^all: .* has no manifest v2/,
  )
  expect(await state()).toMatchObject({ copied: 1, failed: 1 })
})

test('a store that does not respond is an error', async () => {
  const elsewhere = { ...env, SLIPWAY_S3_ENDPOINT: 'http://127.0.0.1:1' }
  const context = { functionName: 'mirror', getRemainingTimeInMillis: () => 15 * MINUTE }
  const document = async () =>
    '{version: 1, rules: [{name: a, from: ghcr.io, to: store, repositories: [x]}]}'
  await expect(createHandler(elsewhere, document)({}, context)).rejects.toThrow(/./)
})

describe('settings that cannot be used', () => {
  // It has no clients, and sends nobody anywhere.
  const wrong = WRONG.filter(([each]) => each.SLIPWAY_PUBLIC_URL === undefined)
  test.each(wrong)('%o', async (each, message) => {
    const context = { functionName: 'mirror', getRemainingTimeInMillis: () => 15 * MINUTE }
    await expect(createHandler(each)({}, context)).rejects.toThrow(message)
  })
})
