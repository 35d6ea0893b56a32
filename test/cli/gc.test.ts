/**
 * `slipway gc`: what it prints and says, and its exit codes.
 *
 * @module
 */
import { expect, test } from 'vitest'
import { gc } from '../../functions/cli/commands/gc.ts'
import { fenceSince, raiseFence } from '../../functions/registry/clean-up/fence.ts'
import { keepNoLonger, keepUp, SERVER_KEEPS } from '../../functions/registry/clean-up/keepers.ts'
import { CLEAN_UP_PREFIX, layerLinkKey, markerKey } from '../../functions/registry/layout.ts'
import { condemnedLinkBody } from '../../functions/registry/links.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { createModel } from '../interleavings/model.ts'
import { blob } from '../support/hosts/content.ts'
import { clientOf } from '../support/rig/client.ts'
import { pushAtOnce, pushImage } from '../support/rig/push.ts'
import { recordingIo } from './recording-io.ts'

const DAY = 24 * 60 * 60_000
const GARBAGE = blob('garbage', 100)
const KEPT = blob('kept', 200)

type Flags = Parameters<typeof gc>[1]['flags']

/** Runs the command; `stop` is called when it begins to listen for signals. */
const ask = async (
  store: ObjectStore,
  flags: Partial<Flags> = {},
  stop: (signal: () => void) => void = () => {},
) => {
  const { io, printed, said } = recordingIo({ store, location: 's3://bucket', onStop: stop })
  const given = { run: false, force: false, closed: false, release: false, json: false, ...flags }
  const settings = { 'gc-grace': 48 * 60 * 60, 'undelete-days': 7 }
  const code = await gc(io, { flags: given, settings })
  return { code, printed, said: said.join('\n') }
}

/** A store with an image and a blob that nothing needs, and its clock. */
const open = async () => {
  const service = { etags: 'content', conditionalDeletes: true } as const
  const { store, clock } = createModel(service)
  const send = await clientOf(store)
  await pushImage(send, 'app', 'v1', [KEPT])
  await pushAtOnce(send, 'app', GARBAGE)
  clock.now += 3 * DAY
  return { store, clock }
}

test('without --run it prints each thing, its size and why, and changes nothing', async () => {
  const { store } = await open()
  const { code, printed, said } = await ask(store)
  expect(code).toBe(0)
  expect(printed).toEqual([
    `condemn-link\tapp@${GARBAGE.sha256} (100 bytes)\n\tno manifest of the repository needs it`,
  ])
  expect(said).toMatch(
    /^1 repositories, 1 manifests, 1 tags, 3 links of blobs, \d+ bytes in 4 blobs/,
  )
  expect(said).toContain('To be done: condemn-link 1 (100 bytes).')
  expect(said).toContain('stays for 168 hours')
  expect(said).toContain('each condemned for 48 hours before')
  expect(said).toContain('Nothing was changed: add --run to do it.')
  expect((await store.head(layerLinkKey('app', GARBAGE.sha256)))?.size).toBe(71)
})

test('--json prints an object a line, and the sum', async () => {
  const { store } = await open()
  const { printed } = await ask(store, { json: true })
  const [thing, sum] = printed.map((line) => JSON.parse(line))
  expect(thing).toEqual({
    step: 'condemn-link',
    key: layerLinkKey('app', GARBAGE.sha256),
    repository: 'app',
    digest: GARBAGE.sha256,
    size: 100,
    why: 'no manifest of the repository needs it',
  })
  expect(sum).toMatchObject({
    kind: 'sum',
    outcome: 'done',
    planned: { seen: { links: 3 }, steps: { 'condemn-link': { things: 1, bytes: 100 } } },
  })
})

test('--run does what was shown, once the registries know', async () => {
  const { store, clock } = await open()
  expect(await ask(store, { run: true })).toMatchObject({
    code: 2,
    printed: [],
    said: 'slipway: the registries on this store do not know of clean-ups: start them with --gc on. See docs/clean-up.md.',
  })
  await raiseFence(store)
  const young = await ask(store, { run: true })
  expect([young.code, young.said]).toEqual([
    2,
    expect.stringContaining('know of clean-ups only since 2030-01-04T00:00:00.000Z: run it after'),
  ])
  clock.now += 61 * 60_000
  const shown = await ask(store)
  const { code, printed, said } = await ask(store, { run: true })
  expect([code, printed]).toEqual([0, shown.printed])
  expect(said).toContain('Done: condemn-link 1 (100 bytes).')
  expect((await store.head(layerLinkKey('app', GARBAGE.sha256)))?.size).toBe(98)
})

test('1 when it would take more than half', async () => {
  const { store, clock } = await open()
  await raiseFence(store)
  const send = await clientOf(store)
  for (let at = 0; at < 3; at++) await pushAtOnce(send, 'app', blob(`more ${at}`, 10))
  clock.now += 3 * DAY
  const { code, said } = await ask(store, { run: true })
  expect([code, said]).toEqual([
    1,
    expect.stringContaining(
      'stopped, since that is 4 of 6 links of blobs. If it is right, add --force',
    ),
  ])
  expect((await ask(store, { run: true, force: true })).code).toBe(0)
})

test('2 where deletes heed no condition', async () => {
  const { store } = createModel({ etags: 'content', conditionalDeletes: false })
  const { code, said } = await ask(store, { run: true })
  expect([code, said]).toEqual([
    2,
    expect.stringMatching(/would not be safe: stop all .* run slipway gc --run --closed/),
  ])
})

test('2 where a write is lost while it is tried, at each run and only in a run', async () => {
  const { store, clock } = await open()
  await raiseFence(store)
  clock.now += 61 * 60_000
  let tried = 0
  const losesWrites = async (): Promise<boolean> => {
    tried += 1
    return tried > 1
  }
  const losing = { ...store, losesWrites }
  expect((await ask(losing)).code).toBe(0)
  expect(tried).toBe(0)
  expect((await ask(losing, { run: true })).code).toBe(0)
  const { code, said } = await ask(losing, { run: true })
  expect([code, said]).toEqual([2, expect.stringMatching(/has just deleted .* --run --closed/)])
  expect(tried).toBe(2)
})

test('--closed does the whole run where deletes are not exact, with no fence', async () => {
  const { store, clock } = createModel({ etags: 'content', conditionalDeletes: false })
  const losing = { ...store, losesWrites: () => Promise.reject(new Error('not asked')) }
  const send = await clientOf(store)
  await pushImage(send, 'app', 'v1', [KEPT])
  await pushAtOnce(send, 'app', GARBAGE)
  const printed: string[] = []
  for (let run = 0; run < 5; run++) {
    clock.now += 3 * DAY
    const { code, said, ...rest } = await ask(losing, { run: true, closed: true })
    expect([code, said]).toEqual([0, expect.stringContaining('Done: ')])
    printed.push(...rest.printed.map((line) => line.replace(/\t.*/s, '')))
  }
  expect(printed).toEqual([
    'condemn-link',
    'remove-link',
    'condemn-data',
    'remove-data',
    'clear-marker',
  ])
})

test('3 while another run goes on, which is over a minute after its last sign', async () => {
  const { store, clock } = await open()
  await store.put(`${CLEAN_UP_PREFIX}lease`, Buffer.from('{"began":"2030-01-04T00:00:00.000Z"}'))
  const { code, said } = await ask(store)
  expect([code, said]).toEqual([
    3,
    'slipway: another clean-up goes on since 2030-01-04T00:00:00.000Z; this one ends.',
  ])
  clock.now += 61_000
  expect((await ask(store)).code).toBe(0)
})

test('2 when the store fails, with the reason', async () => {
  const { store } = await open()
  const list = () => Promise.reject(new StoreError('unavailable', 'list: SlowDown'))
  const { code, said } = await ask({ ...store, list })
  expect(code).toBe(2)
  expect(said).toMatch(/the clean-up has failed: list: SlowDown; what was done is done/)
})

test('130 when it is stopped', async () => {
  const { store } = await open()
  const { code, said } = await ask(store, {}, (stop) => stop())
  expect(code).toBe(130)
  expect(said).toMatch(/^Stopped\. 1 repositories/)
})

test('--release makes links plain, takes markers away, and waits for deletes; then the fence is down', async () => {
  const { store } = await open()
  await raiseFence(store)
  const key = layerLinkKey('app', GARBAGE.sha256)
  await store.put(key, condemnedLinkBody(GARBAGE.sha256, 'a'.repeat(16)))
  await store.put(markerKey(GARBAGE.sha256), Buffer.from(`condemned ${'a'.repeat(16)}`))
  await store.put(markerKey(KEPT.sha256), Buffer.from(`claimed ${'a'.repeat(16)}`))
  const first = await ask(store, { release: true })
  expect(first).toMatchObject({ code: 1 })
  expect(first.said).toMatch(/1 links are plain again, 1 markers are gone\.\n1 blobs are being del/)
  expect((await store.head(key))?.size).toBe(71)
  expect(await fenceSince(store)).toBeDefined()
  await store.delete([markerKey(KEPT.sha256)])
  expect(await ask(store, { release: true, json: true })).toMatchObject({
    code: 0,
    printed: [
      '{"kind":"released","outcome":"done","links":0,"markers":0,"claimed":0,"fenceGone":true}',
    ],
    said: expect.stringContaining('The fence is down'),
  })
  expect(await fenceSince(store)).toBeUndefined()
  // A run needs a fence again, that has been there for an hour.
  expect(await ask(store, { run: true })).toMatchObject({ code: 2 })
})

test('--release leaves a marker that says that bytes went a moment ago, since an upload may have seen them', async () => {
  const { store, clock } = await open()
  await raiseFence(store)
  await store.put(markerKey(GARBAGE.sha256), Buffer.from(`gone ${'a'.repeat(16)}`))
  clock.now += 34 * 60_000
  expect((await ask(store, { release: true })).code).toBe(1)
  expect(await store.head(markerKey(GARBAGE.sha256))).toBeDefined()
  expect(await fenceSince(store)).toBeDefined()
  clock.now += 2 * 60_000
  expect((await ask(store, { release: true })).code).toBe(0)
  expect(await store.head(markerKey(GARBAGE.sha256))).toBeUndefined()
})

test('--release does nothing while registries with gc on keep the fence up', async () => {
  const { store, clock } = await open()
  await raiseFence(store)
  const key = layerLinkKey('app', GARBAGE.sha256)
  await store.put(key, condemnedLinkBody(GARBAGE.sha256, 'a'.repeat(16)))
  await keepUp(store, 'one', 'http://one on a', SERVER_KEEPS)
  await keepUp(store, 'two', 'http://two on b', SERVER_KEEPS)
  await keepNoLonger(store, 'two')
  const refused = await ask(store, { release: true, json: true })
  expect(refused).toEqual({
    code: 2,
    printed: [
      '{"kind":"released","outcome":"kept-up","by":[{"name":"http://one on a","until":"2030-01-04T00:25:00.000Z"}]}',
    ],
    said: 'slipway: registries with gc on would condemn it again: start them with --gc off first: http://one on a (until 2030-01-04T00:25:00.000Z, if it has ended).',
  })
  expect((await store.head(key))?.size).toBe(98)
  // One that was killed.
  clock.now += SERVER_KEEPS
  expect(await ask(store, { release: true })).toMatchObject({ code: 0 })
  expect((await store.head(key))?.size).toBe(71)
})

test('--release waits for a clean-up, and can be stopped', async () => {
  const { store, clock } = await open()
  await raiseFence(store)
  await store.put(`${CLEAN_UP_PREFIX}lease`, Buffer.from('{"began":"2030-01-04T00:00:00.000Z"}'))
  expect(await ask(store, { release: true })).toMatchObject({
    code: 3,
    said: 'slipway: a clean-up goes on since 2030-01-04T00:00:00.000Z: stop it first.',
  })
  clock.now += 61_000
  expect(await ask(store, { release: true }, (stop) => stop())).toMatchObject({ code: 130 })
  expect(await fenceSince(store)).toBeDefined()
})
