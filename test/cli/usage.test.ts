/**
 * `slipway usage`: what it prints and says, and its exit codes.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { showUsage } from '../../functions/cli/commands/usage.ts'
import { UsageError } from '../../functions/cli/errors.ts'
import { inStore } from '../../functions/cli/ways/usage-in-store.ts'
import { CLEAN_UP_PREFIX } from '../../functions/registry/layout.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { createModel } from '../interleavings/model.ts'
import { blob, CONFIG, imageOf } from '../support/hosts/content.ts'
import { clientOf } from '../support/rig/client.ts'
import { pushAtOnce, pushImage } from '../support/rig/push.ts'
import { recordingIo } from './recording-io.ts'

const DAY = 24 * 60 * 60_000
const GARBAGE = blob('garbage', 100)
const KEPT = blob('kept', 200)

type Flags = Parameters<typeof showUsage>[1]['flags']

const ask = async (
  store: ObjectStore,
  flags: Partial<Flags> = {},
  pattern: readonly string[] = [],
  onStop: (signal: () => void) => void = () => {},
) => {
  const { io, printed, said } = recordingIo({ store, onStop })
  const code = await showUsage(inStore(io), {
    args: { pattern },
    flags: { now: false, json: false, sort: 'size', ...flags },
    settings: { 'gc-grace': 48 * 60 * 60, 'undelete-days': 7 },
  })
  return { code, printed, said: said.join('\n') }
}

/** `a` has an image, `team/b` the same and a blob that nothing needs. */
const open = async () => {
  const { store, clock } = createModel({ etags: 'content', conditionalDeletes: true })
  const send = await clientOf(store)
  await pushImage(send, 'a', 'v1', [KEPT])
  await pushImage(send, 'team/b', 'v1', [KEPT])
  await pushAtOnce(send, 'team/b', GARBAGE)
  clock.now += 3 * DAY
  return store
}

const IMAGE = 200 + CONFIG.bytes.byteLength + imageOf([KEPT]).bytes.byteLength

const columns = (line: string): string[] => line.trim().split(/ {2,}/)

test('1 until a walk has ended; --now walks', async () => {
  const store = await open()
  expect(await ask(store)).toEqual({
    code: 1,
    printed: [],
    said: 'slipway: no clean-up has walked this store yet: add --now, or run slipway gc first.',
  })
  const { code, printed, said } = await ask(store, { now: true })
  expect(code).toBe(0)
  expect(printed.map(columns)).toEqual([
    ['OWN', 'SHARED', 'CONDEMNED', 'RECLAIMABLE', 'REPOSITORY'],
    ['100 bytes', `${IMAGE} bytes`, '0 bytes', '100 bytes', 'team/b'],
    ['0 bytes', `${IMAGE} bytes`, '0 bytes', '0 bytes', 'a'],
  ])
  expect(said).toBe(
    `As of 2030-01-04T00:00:00.000Z: 2 repositories, and ${IMAGE + 100} bytes in the store: ${IMAGE} bytes kept, 0 bytes condemned and in their grace, 100 bytes that a clean-up takes.`,
  )
  // The walk stays.
  expect((await ask(store)).printed).toEqual(printed)
})

test('--sort name, patterns, and --json', async () => {
  const store = await open()
  await ask(store, { now: true })
  const byName = await ask(store, { sort: 'name' })
  expect(byName.printed.map((line) => columns(line).at(-1))).toEqual(['REPOSITORY', 'a', 'team/b'])
  for (const [pattern, names] of [
    [['team/*'], ['team/b']],
    [['*'], ['a']],
    [['**'], ['team/b', 'a']],
    [
      ['a', 'team/b'],
      ['team/b', 'a'],
    ],
    [['none'], []],
  ] as const) {
    const { printed } = await ask(store, { json: true }, pattern)
    const lines = printed.map((line) => JSON.parse(line))
    expect(lines.slice(0, -1).map(({ repository }) => repository)).toEqual(names)
    expect(lines.at(-1)).toEqual({
      kind: 'sum',
      date: '2030-01-04T00:00:00.000Z',
      repositories: 2,
      kept: IMAGE,
      condemned: 0,
      reclaimable: 100,
    })
  }
  await expect(ask(store, {}, ['A*'])).rejects.toThrow(UsageError)
})

test('2 when the store fails, 3 while a clean-up goes on, 130 when it is stopped', async () => {
  const store = await open()
  const get = () => Promise.reject(new StoreError('unavailable', 'get: SlowDown'))
  expect(await ask({ ...store, get })).toMatchObject({
    code: 2,
    said: 'slipway: the usage could not be read: get: SlowDown',
  })
  expect(await ask(store, { now: true }, [], (stop) => stop())).toMatchObject({ code: 130 })
  await store.put(`${CLEAN_UP_PREFIX}lease`, Buffer.from('{"began":"2030-01-04T00:00:00.000Z"}'))
  const { code, said } = await ask(store, { now: true })
  expect([code, said]).toEqual([
    3,
    expect.stringMatching(/^slipway: a clean-up goes on since 2030/),
  ])
})
