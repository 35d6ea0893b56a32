/**
 * What a server and its workers say to each other, without processes.
 *
 * @module
 */

import { availableParallelism } from 'node:os'
import { describe, expect, test } from 'vitest'
import { createThrottle, PER_ACCOUNT } from '../../../functions/auth/throttle/failures.ts'
import { shareOfUploadMemory } from '../../../functions/compose/process-memory.ts'
import { readSettings } from '../../../functions/compose/settings.ts'
import { createLine, type Line } from '../../../functions/node/workers/line.ts'
import { attemptOver, createLogIns } from '../../../functions/node/workers/log-ins.ts'
import type { ToMain } from '../../../functions/node/workers/questions.ts'
import { restartDelay } from '../../../functions/node/workers/restart.ts'

const MIB = 1024 * 1024

test.each([
  [undefined, 1],
  ['1', 1],
  ['2', 2],
  ['64', 64],
  ['auto', Math.min(availableParallelism(), 8)],
])('--workers %s', (value, count) => {
  const args = value === undefined ? [] : [`--workers=${value}`]
  expect(readSettings(args, {}).workers).toBe(count)
})

test.each(['0', '65', '-1', '1.5', 'all', '1e1'])('--workers %s is refused', (value) => {
  expect(() => readSettings([], { SLIPWAY_WORKERS: value })).toThrow(
    `SLIPWAY_WORKERS is ${JSON.stringify(value)}: expected a number from 1 to 64, or auto`,
  )
})

test.each([
  [2, 96, 48],
  [3, 96, 32],
  [8, 128, 16],
  // By default it may be too little for all.
  [8, 96, 16],
])('each of %i workers takes of %i MiB for uploads %i', (workers, whole, each) => {
  expect(shareOfUploadMemory(workers, whole * MIB)).toBe(each * MIB)
})

test('memory for uploads that is too little for all workers is refused', () => {
  const args = ['--workers=3', '--upload-memory=47']
  expect(() => readSettings(args, {})).toThrow(
    '--upload-memory is for all of --workers 3: expected 48 MiB or more',
  )
  expect(readSettings(['--workers=3', '--upload-memory=48'], {}).workers).toBe(3)
})

test('a worker that ends is started again soon, and ever later if that does not help', () => {
  const delays: number[] = []
  for (let delay = 0; delays.length < 8; delays.push(delay)) delay = restartDelay(delay, 10)
  expect(delays).toEqual([100, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  expect(restartDelay(30_000, 60_000)).toBe(100)
})

/** Two ends that send each other JSON. */
const pair = (answer: (question: ToMain) => unknown): [Line<ToMain>, Line<string>] => {
  const over = (to: () => Line<unknown>) => (message: unknown) =>
    queueMicrotask(() => to().hear(JSON.parse(JSON.stringify(message))))
  const worker: Line<ToMain> = createLine<ToMain, string>(
    over(() => main as Line<unknown>),
    (question) => `${question}!`,
  )
  const main: Line<string> = createLine<string, ToMain>(
    over(() => worker as Line<unknown>),
    answer,
  )
  return [worker, main]
}

describe('a line', () => {
  test('carries questions and answers both ways, and failures', async () => {
    const [worker, main] = pair(async ({ what }) => {
      if (what === 'remains') throw new Error('not now')
      return { said: what }
    })
    const both = [worker.ask({ what: 'hello' }), main.ask('a'), main.ask('b')]
    expect(await Promise.all(both)).toEqual([{ said: 'hello' }, 'a!', 'b!'])
    await expect(worker.ask({ what: 'remains' })).rejects.toThrow('not now')
  })

  test('that is closed fails what waits, and what comes later', async () => {
    const [worker] = pair(() => new Promise(() => {}))
    const waiting = worker.ask({ what: 'hello' })
    worker.close()
    await expect(waiting).rejects.toThrow('has ended')
    await expect(worker.ask({ what: 'hello' })).rejects.toThrow('has ended')
  })

  test.each([undefined, 'x', null, { other: 1 }, { answer: 17, value: 1 }])(
    'ignores %j',
    (message) => {
      const [worker] = pair(() => 1)
      expect(() => worker.hear(message)).not.toThrow()
    },
  )
})

describe('log-ins of several workers', () => {
  /** Workers whose failures one process counts. */
  const workersOf = (now: () => number) => {
    const throttle = createThrottle(now)
    return [1, 2].map(() => {
      const logIns = createLogIns(throttle)
      const [worker] = pair((question) => {
        if (question.what === 'attempt') return logIns.begin(question.account, question.address)
        if (question.what === 'attempted') return logIns.end(question.id, question.how)
        throw new Error(question.what)
      })
      return attemptOver(worker)
    })
  }

  test('count together', async () => {
    const [one, two] = workersOf(() => 1_000_000)
    for (let n = 0; n <= PER_ACCOUNT.free; n++) {
      const attempt = await (n % 2 === 0 ? one : two)?.('alice', '192.0.2.1')
      await attempt?.failed()
    }
    for (const each of [one, two]) {
      await expect(each?.('alice', '192.0.2.1')).rejects.toMatchObject({
        code: 'TOOMANYREQUESTS',
        retryAfter: 1,
      })
    }
    await (await one?.('bob', '192.0.2.1'))?.succeeded()
  })

  test('one that was right, or not compared, does not count', async () => {
    const [one, two] = workersOf(() => 1_000_000)
    for (let n = 0; n <= 2 * PER_ACCOUNT.free; n++) {
      await (await one?.('alice', '192.0.2.1'))?.succeeded()
      ;(await two?.('alice', '192.0.2.1'))?.withdrawn()
      await new Promise(setImmediate)
    }
    await (await one?.('alice', '192.0.2.1'))?.succeeded()
  })
})
