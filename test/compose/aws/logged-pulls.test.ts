/**
 * Batches of log lines as CloudWatch Logs hands them to a subscription: what is recorded of them.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { createLoggedPulls, pullsIn } from '../../../functions/compose/aws/logged-pulls.ts'
import { loggedPulls } from '../../../functions/compose/pulls.ts'
import { PULLS_SINCE_KEY, pulledKey } from '../../../functions/registry/layout.ts'
import { StoreError } from '../../../functions/storage/errors.ts'
import { createModel } from '../../interleavings/model.ts'
import { batchOf, packed } from '../../support/hosts/log-batch.ts'
import { silent } from '../../support/hosts/start.ts'
import { intercept } from '../../support/rig/intercept.ts'

const HOUR = 3_600_000
const ONE = `sha256:${'1'.repeat(64)}`
const TWO = `sha512:${'2'.repeat(128)}`

const digestOf = (number: number): string => `sha256:${String(number).padStart(64, '0')}`
const line = (repository: string, digest: string): string =>
  JSON.stringify({ level: 'info', pulled: { repository, digest }, msg: 'pulled' })

/** What a function logs of a pull. */
const realLine = (repository: string, digest: string): string => {
  const lines: string[] = []
  const write = (fields: object, msg: string) => lines.push(JSON.stringify({ ...fields, msg }))
  loggedPulls([], { ...silent, info: write })(repository, digest, 'user:alice')
  return lines.join()
}

const GOOD = [{ repository: 'a/b', digest: ONE }]

const BATCHES: readonly (readonly [what: string, events: unknown[], pulls: object[]])[] = [
  ['a line of a function', [realLine('a/b', ONE)], GOOD],
  [
    'two manifests',
    [line('a', ONE), line('a', TWO)],
    [ONE, TWO].map((digest) => ({ repository: 'a', digest })),
  ],
  ['the same twice', [line('a/b', ONE), line('a/b', ONE)], GOOD],
  ['none', [], []],
  ['a request', [JSON.stringify({ method: 'GET', path: '/v2/pulled/x', msg: 'request' })], []],
  [
    'lines of Lambda',
    ['START RequestId: 1 Version: $LATEST', '{"time":"x","type":"platform.report"}'],
    [],
  ],
  ['a line that is cut', [line('a/b', ONE).slice(0, -20)], []],
  ['a bad line among good ones', ['{"pulled":', line('a/b', ONE), '"pulled"'], GOOD],
  ['a name that is none', [line('../config', ONE), line('A', ONE), line('a/!/b', ONE)], []],
  ['a digest that is none', [line('a', 'sha256:12'), line('a', '../x'), line('a', '')], []],
  [
    'values of other types',
    ['{"pulled":null}', '{"pulled":{"repository":1,"digest":[]}}', '"pulled"'],
    [],
  ],
  ['a line that is too long', [`${line('a/b', ONE).slice(0, -1)},"x":"${'x'.repeat(5000)}"}`], []],
  ['events that are none', [null, 1, {}, { message: 1 }, [], { message: line('a/b', ONE) }], GOOD],
  [
    'a check by CloudWatch Logs',
    ['CWL CONTROL MESSAGE: Checking health of destination Lambda.'],
    [],
  ],
]

test.each(BATCHES)('of a batch with %s', async (_, events, pulls) => {
  const logEvents = events.map((each, id) =>
    typeof each === 'string' ? { id: String(id), timestamp: 0, message: each } : each,
  )
  expect(await pullsIn(packed({ messageType: 'DATA_MESSAGE', logEvents }))).toEqual({
    pulls,
    beyond: 0,
  })
})

const ZEROS = Buffer.alloc(40 * 1024 * 1024, ' ')

const DAMAGED: readonly (readonly [what: string, data: unknown])[] = [
  ['no base64', '!!'],
  ['no gzip', Buffer.from('text').toString('base64')],
  ['gzip that is cut', batchOf([line('a', ONE)]).slice(0, 60)],
  ['no JSON', packed('{')],
  ['another document', packed({ logEvents: 'none' })],
  ['null', packed(null)],
  ['more bytes than any batch has', packed(`{"logEvents":[${ZEROS}]}`)],
  ['nothing', ''],
  ['no text', undefined],
  ['a number', 12],
]

/** A store with a clock that counts its calls and may fail, and what records in it. */
const open = (most?: number) => {
  const { store: model, clock } = createModel({ etags: 'content', conditionalDeletes: true })
  const calls: string[] = []
  const logged: [level: string, fields: object][] = []
  const state = { fails: false }
  const store = intercept(model, async ({ operation, args }, proceed) => {
    calls.push(`${operation} ${args[0]}`)
    if (state.fails) throw new StoreError('unavailable', 'down')
    return proceed()
  })
  const log = (level: string) => (fields: object) => logged.push([level, fields])
  const logger = { info: log('info'), warn: log('warn'), error: log('error') }
  const create = () => createLoggedPulls(logger, () => clock.now, most)
  const pulls = create()
  return {
    ...{ store, clock, logged, state, create },
    record: (data: unknown) => pulls.record(store, data),
    say: () => pulls.sayRecorded(store),
    called: () => calls.splice(0),
  }
}

describe('what is no batch', () => {
  test.each(DAMAGED)('%s: is logged, and not sent again', async (_, data) => {
    const { record, logged, called } = open()
    await record(data)
    expect(logged.map(([level]) => level)).toEqual(['error'])
    expect(called()).toEqual([])
  })
})

describe('what is written', () => {
  const KEY = pulledKey('a', ONE)

  test('once in 23 hours, whatever is delivered again, and by whom', async () => {
    const { record, create, store, called, clock } = open()
    const batch = batchOf([line('a', ONE)])
    await record(batch)
    expect(called()).toEqual([`head ${KEY}`, `put ${KEY}`])
    // This process knows; another one asks.
    await record(batch)
    expect(called()).toEqual([])
    await create().record(store, batch)
    expect(called()).toEqual([`head ${KEY}`])
    clock.now += 23 * HOUR + 1
    await record(batch)
    expect(called()).toEqual([`head ${KEY}`, `put ${KEY}`])
  })

  test('when the store fails, it is an error, and the batch delivered again is recorded', async () => {
    const { record, state, store } = open()
    state.fails = true
    await expect(record(batchOf([line('a', ONE)]))).rejects.toThrow('down')
    state.fails = false
    await record(batchOf([line('a', ONE)]))
    expect(await store.head(KEY)).toBeDefined()
  })

  test('of a flood, so many; the others when they are pulled again', async () => {
    const { record, logged, called } = open(100)
    const all = Array.from({ length: 1000 }, (_, at) => line('a', digestOf(at)))
    await record(batchOf(all))
    expect(called().filter((each) => each.startsWith('put'))).toHaveLength(100)
    expect(logged).toEqual([['warn', { beyond: 900 }]])
    await record(batchOf(all.slice(900)))
    expect(called().filter((each) => each.startsWith('put'))).toHaveLength(100)
  })

  test('since when, by the schedule alone', async () => {
    const { record, say, called } = open()
    await record(batchOf([]))
    expect(called()).toEqual([])
    await say()
    expect(called()).toEqual([`get ${PULLS_SINCE_KEY}`, `put ${PULLS_SINCE_KEY}`])
  })
})
