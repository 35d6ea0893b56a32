/**
 * Handing a clean-up over to the server that uses a directory: what the command prints and says, how it ends, and what
 * becomes of either side when the other one goes.
 *
 * @module
 */

import { readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, type TestContext, test } from 'vitest'
import type { RequestLogger } from '../../functions/api/env.ts'
import type { AuditEvent } from '../../functions/auth/audit.ts'
import type { StoreIo } from '../../functions/cli/command.ts'
import { gc } from '../../functions/cli/commands/gc.ts'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { handOver } from '../../functions/node/hand-over/give.ts'
import { filesOf, type Line, requestsIn } from '../../functions/node/hand-over/messages.ts'
import { type TakeOptions, takeRequests } from '../../functions/node/hand-over/take.ts'
import { handedOver } from '../../functions/node/hand-over/work.ts'
import { announce, type Other } from '../../functions/node/presence.ts'
import { fenceSince, raiseFence } from '../../functions/registry/clean-up/fence.ts'
import { timesOf } from '../../functions/registry/clean-up/terms.ts'
import { newTotals } from '../../functions/registry/clean-up/totals.ts'
import { FENCE_KEY, layerLinkKey } from '../../functions/registry/layout.ts'
import { condemnedLinkBody } from '../../functions/registry/links.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { recordingIo } from '../cli/recording-io.ts'
import { blob } from '../support/hosts/content.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { clientOf } from '../support/rig/client.ts'
import { pushAtOnce, pushImage } from '../support/rig/push.ts'
import { eventually, until } from '../support/until.ts'

const DAY = 24 * 60 * 60_000
const GARBAGE = blob('garbage', 100)
const SETTINGS = { 'gc-grace': 48 * 60 * 60, 'undelete-days': 7 }
const TIMES = timesOf(SETTINGS['gc-grace'], SETTINGS['undelete-days'])
const LOOK = 20

/** Some days ago, in seconds. */
const OLD = Math.floor((Date.now() - 3 * DAY) / 1000)

/** Makes all that is in a store some days old. */
const age = async (path: string): Promise<void> => {
  for (const each of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (each.isFile() && !each.parentPath.includes('.slipway'))
      await utimes(join(each.parentPath, each.name), OLD, OLD)
  }
}

/** A directory with an image and a blob that nothing needs, all some days old. */
const open = async (t: TestContext) => {
  const { path, remove } = await temporaryDirectory()
  t.onTestFinished(remove)
  const store = openFileStore(path)
  const send = await clientOf(store)
  await pushImage(send, 'app', 'v1', [blob('kept', 200)])
  await pushAtOnce(send, 'app', GARBAGE)
  await raiseFence(store)
  await age(path)
  return { path, store }
}

const silent = (): RequestLogger => {
  const line = (): void => {}
  return { info: line, warn: line, error: line } as unknown as RequestLogger
}

/** A server's part of it. */
const serve = async (
  t: TestContext,
  path: string,
  store: ObjectStore,
  { gc = true, work }: { readonly gc?: boolean; readonly work?: TakeOptions['work'] } = {},
) => {
  const events: AuditEvent[] = []
  const audit = (event: AuditEvent): void => void events.push(event)
  const presence = await announce(path, ['gc'])
  const logger = silent()
  const end = await takeRequests(path, {
    logger,
    look: LOOK,
    work: work ?? handedOver(store, gc, { times: TIMES, logger, audit }),
  })
  t.onTestFinished(async () => {
    await end()
    await presence.end()
  })
  return { events, end, presence }
}

const give = async (
  path: string,
  store: ObjectStore,
  flags: Partial<Parameters<typeof gc>[1]['flags']> = {},
  {
    onStop = () => {},
    settings = SETTINGS,
  }: Partial<Pick<StoreIo, 'onStop'>> & {
    readonly settings?: typeof SETTINGS
  } = {},
) => {
  const { io, printed, said } = recordingIo({ store, location: `file:${path}`, onStop })
  const given = { run: true, force: false, closed: false, release: false, json: false, ...flags }
  const code = await gc(io, { flags: given, settings })
  return { code, printed, said: said.join('\n') }
}

const left = (path: string): Promise<string[]> => readdir(requestsIn(path))

/** What differs from run to run. */
const steady = (text: string): string => text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'DATE')

for (const [what, flags] of [
  ['a run', {}],
  ['a run with --json', { json: true }],
  ['a run that takes more than half', { force: true }],
] as const) {
  test(`${what} prints, says and does the same with a server and without`, async (t) => {
    const [alone, served] = [await open(t), await open(t)]
    const { events } = await serve(t, served.path, served.store)
    for (let run = 0; run < 2; run++) {
      const [own, handed] = [
        await give(alone.path, alone.store, flags),
        await give(served.path, served.store, flags),
      ]
      expect(handed.code).toBe(0)
      expect({ ...handed, said: steady(handed.said) }).toEqual({ ...own, said: steady(own.said) })
      // A condemned link goes in the second run.
      for (const { path } of [alone, served]) await age(path)
    }
    expect(await served.store.head(layerLinkKey('app', GARBAGE.sha256))).toBeUndefined()
    expect(events).toMatchObject([
      { event: 'delete', who: 'clean-up', what: `app@${GARBAGE.sha256}`, outcome: 'ok' },
    ])
    expect(await left(served.path)).toEqual([])
  })
}

test('what would take more than half is refused, unless --force goes along', async (t) => {
  const { path, store } = await open(t)
  const send = await clientOf(store)
  for (let at = 0; at < 3; at++) await pushAtOnce(send, 'app', blob(`more ${at}`, 10))
  await age(path)
  await serve(t, path, store)
  expect(await give(path, store)).toMatchObject({
    code: 1,
    said: expect.stringContaining('4 of 6 links of blobs. If it is right, add --force'),
  })
  expect(await give(path, store, { force: true })).toMatchObject({ code: 0 })
})

test('a server with --gc off refuses a run and says why; it releases, and the fence is down', async (t) => {
  const { path, store } = await open(t)
  await serve(t, path, store, { gc: false })
  expect(await give(path, store)).toEqual({
    code: 2,
    printed: [],
    said: 'slipway: the server that uses this directory runs with --gc off: start it with --gc on for a clean-up.',
  })
  const key = layerLinkKey('app', GARBAGE.sha256)
  await store.put(key, condemnedLinkBody(GARBAGE.sha256, 'a'.repeat(16)))
  expect(await give(path, store, { run: false, release: true })).toEqual({
    code: 0,
    printed: [],
    said: '1 links are plain again, 0 markers are gone.\nThe fence is down: nothing cleans up here until a registry starts with gc on.',
  })
  expect((await store.head(key))?.size).toBe(71)
  expect(await fenceSince(store)).toBeUndefined()
})

test('a server with --gc on refuses to release', async (t) => {
  const { path, store } = await open(t)
  await serve(t, path, store)
  expect(await give(path, store, { run: false, release: true })).toMatchObject({
    code: 2,
    said: expect.stringContaining('runs with --gc on, and would condemn it again'),
  })
  expect(await store.head(FENCE_KEY)).toBeDefined()
})

test("the server's times count, and the command says so", async (t) => {
  const { path, store } = await open(t)
  await serve(t, path, store)
  const { said } = await give(path, store, {}, { settings: { ...SETTINGS, 'gc-grace': 3600 } })
  expect(said).toContain("the server's --gc-grace and --undelete-days count, which are others")
  expect(said).toContain('each condemned for 48 hours before')
})

test('a run of the server and one that is asked for: the second ends', async (t) => {
  const { path, store } = await open(t)
  await serve(t, path, store)
  await store.put('slipway/v1/clean-up/lease', Buffer.from('{"began":"2030-01-04T00:00:00.000Z"}'))
  expect(await give(path, store)).toMatchObject({
    code: 3,
    said: 'slipway: another clean-up goes on since 2030-01-04T00:00:00.000Z; this one ends.',
  })
})

test('a process that takes nothing keeps the command away', async (t) => {
  const { path, store } = await open(t)
  const { end } = await announce(path)
  t.onTestFinished(end)
  expect(await give(path, store)).toMatchObject({
    code: 3,
    said: expect.stringMatching(/^slipway: process \d+ on .* uses file:.*: try again when it has/),
  })
})

test('what fails on the server fails in the command', async (t) => {
  const { path, store } = await open(t)
  const list = () => Promise.reject(new Error('the disk is gone'))
  const failing = { ...store, list }
  await serve(t, path, failing)
  expect(await give(path, store)).toMatchObject({
    code: 2,
    said: 'slipway: the clean-up has failed: the disk is gone; what was done is done, and the next run goes on',
  })
})

/** Work that goes on until it is to stop. */
const endless = () => {
  const seen = { began: 0, ended: 0 }
  const work: TakeOptions['work'] = async (_, { say, isOver }) => {
    seen.began += 1
    say({ begin: TIMES })
    await until(isOver)
    seen.ended += 1
    const none = newTotals()
    return { result: { outcome: 'stopped', planned: none, done: none } }
  }
  return { seen, work }
}

test('Ctrl-C at the command ends the run at its next pause', async (t) => {
  const { path, store } = await open(t)
  const { seen, work } = endless()
  await serve(t, path, store, { work })
  const stops: (() => void)[] = []
  const given = give(path, store, {}, { onStop: (listener) => void stops.push(listener) })
  await until(() => seen.began === 1)
  for (const stop of stops) stop()
  expect(await given).toMatchObject({ code: 130 })
  expect(seen.ended).toBe(1)
  expect(await left(path)).toEqual([])
})

test('Ctrl-C before the server has begun leaves nothing to be done', async (t) => {
  const { path, store } = await open(t)
  const { seen, work } = endless()
  const { end, presence } = await serve(t, path, store, { work })
  await end()
  expect(presence.other).toBeUndefined()
  expect(await give(path, store, {}, { onStop: (stop) => stop() })).toMatchObject({ code: 130 })
  expect([seen.began, await left(path)]).toEqual([0, []])
})

test('a server that stops tells the command how far it came', async (t) => {
  const { path, store } = await open(t)
  const { seen, work } = endless()
  const { end } = await serve(t, path, store, { work })
  const given = give(path, store)
  await until(() => seen.began === 1)
  await end()
  expect(await given).toMatchObject({ code: 130, said: expect.stringMatching(/^Stopped\./) })
})

test('a server that dies is noticed', async (t) => {
  const { path, store } = await open(t)
  const { seen, work } = endless()
  const { presence } = await serve(t, path, store, { work })
  const given = give(path, store)
  await until(() => seen.began === 1)
  // As if it were killed: its sign is that of no process.
  await presence.end()
  expect(await given).toMatchObject({
    code: 2,
    said: expect.stringMatching(
      /the server \(process \d+ on .*\) has ended meanwhile; what was done/,
    ),
  })
})

test('a command that dies is noticed: the run ends, and nothing is left', async (t) => {
  const { path, store } = await open(t)
  const { seen, work } = endless()
  await serve(t, path, store, { work })
  const other: Other = { name: 'a server', identity: 'another', takes: ['gc'] }
  let id = ''
  const hear = async (): Promise<void> => {
    id = (await left(path)).find((name) => name.endsWith('.taken'))?.split('.')[0] ?? id
  }
  const options = { hear: (_: Line) => void hear(), isOver: () => false }
  // Its request is taken away from under it, as it takes it back itself.
  const given = handOver(path, other, { version: 1, what: 'run', force: false }, options)
  given.catch(() => {})
  await until(() => id)
  await expect(given).rejects.toThrow('has ended meanwhile')
  await eventually(() => expect(seen.ended).toBe(1))
  await eventually(async () => expect(await left(path)).toEqual([]))
})

test('a request of another version is refused', async (t) => {
  const { path, store } = await open(t)
  await serve(t, path, store)
  const { request, out } = filesOf(path, '0123456789abcdef')
  await writeFile(request, '{"version":2}')
  await eventually(async () => expect(await readFile(out, 'utf8')).toMatch(/use the same version/))
})
