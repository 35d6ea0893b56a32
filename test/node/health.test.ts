/**
 * When a server is ready, and that nobody asks the store for it.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp } from '../../functions/api/app.ts'
import { openAuthorizer } from '../../functions/auth/authorizer.ts'
import { createHealth, FAILED_CALLS, REMEMBERED_FOR } from '../../functions/node/health.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { noteFailure, StoreError } from '../../functions/storage/errors.ts'
import { createReplicaStore } from '../../functions/storage/replica.ts'
import { createS3Store } from '../../functions/storage/s3/store.ts'
import type { LastCalls, ObjectStore } from '../../functions/storage/store.ts'
import { type S3Server, startS3 } from '../emulators/s3/server.ts'
import { silent } from '../support/hosts/start.ts'
import { intercept } from '../support/rig/intercept.ts'

const unavailable = new StoreError('unavailable', 'get x')

describe('a server', () => {
  const CASES: readonly (readonly [what: string, LastCalls, ready: boolean])[] = [
    ['whose calls succeed', { unavailable: 0, failedAt: 0, resent: 0 }, true],
    [
      'whose last calls failed, but one',
      { unavailable: FAILED_CALLS - 1, failedAt: REMEMBERED_FOR, resent: 0 },
      true,
    ],
    [
      'whose last calls failed',
      { unavailable: FAILED_CALLS, failedAt: REMEMBERED_FOR, resent: 0 },
      false,
    ],
    ['whose last calls failed just so recently', { unavailable: 9, failedAt: 1, resent: 0 }, false],
    ['whose last calls failed some time ago', { unavailable: 9, failedAt: 0, resent: 0 }, true],
  ]
  for (const [what, lastCalls, ready] of CASES) {
    test(`${what} is ${ready ? 'ready' : 'not ready'}, until it stops`, () => {
      const health = createHealth(silent, () => REMEMBERED_FOR + 1)
      expect(health.isReady({ lastCalls })).toBe(ready)
      health.stop()
      expect(health.isReady({ lastCalls })).toBe(false)
    })
  }

  test('says once in the log that it is not ready, and once that it is again', () => {
    const lines: string[] = []
    const write = (_: object, message: string) => void lines.push(message)
    const health = createHealth({ info: write, warn: write }, () => 0)
    for (const failures of [0, 4, 5, 6, 0, 0]) {
      health.isReady({ lastCalls: { unavailable: failures, failedAt: 0, resent: 0 } })
    }
    expect(lines).toEqual([
      'not ready: the last calls of the store have failed',
      'ready again: requests may reach the store',
    ])
  })
})

test('what a store refuses for a reason does not count, and what is no failure of a store says nothing', () => {
  const calls: LastCalls = { unavailable: 0, failedAt: 0, resent: 0 }
  const after = (error: unknown): number => {
    noteFailure(calls, error)
    return calls.unavailable
  }
  expect([unavailable, unavailable, new RangeError('a key'), unavailable].map(after)).toEqual([
    1, 2, 2, 3,
  ])
  expect(calls.failedAt).toBeGreaterThan(0)
  expect(after(new StoreError('full', 'put x'))).toBe(0)
})

describe('a store', () => {
  let s3: S3Server
  beforeAll(async () => {
    s3 = await startS3()
  })
  afterAll(() => s3.close())

  const open = (secretAccessKey: string): ObjectStore =>
    createS3Store({
      bucket: s3.bucket,
      region: s3.region,
      endpoint: s3.endpoint,
      forcePathStyle: true,
      credentials: { accessKeyId: s3.accessKeyId, secretAccessKey },
    })

  test('that refuses everything is noted, whatever it presigns meanwhile', async () => {
    const store = open('wrong')
    const calls = [() => store.head('a'), () => store.get('a'), () => store.list('a')]
    for (const call of calls) await expect(call()).rejects.toMatchObject({ failure: 'unavailable' })
    await store.presign?.('GET', 'a', { expiresIn: 60 })
    expect(store.lastCalls.unavailable).toBe(calls.length)
    const near = open(s3.secretAccessKey)
    const options = { first: store, near, neverChanges: () => false, report: () => {} }
    expect(createReplicaStore(options).lastCalls.unavailable).toBe(0)
  })
})

test.each([true, false])('/readyz asks nobody and needs nothing: %s', async (ready) => {
  const asked: string[] = []
  const store = intercept({} as ObjectStore, async ({ operation }) => void asked.push(operation))
  const app = createApp({
    registry: createRegistry({ store, uploadSecret: async () => new Uint8Array(32) }),
    logger: silent,
    isReady: () => ready,
    authorizer: {
      ...openAuthorizer,
      identify: () => {
        throw new Error('it asks who that is')
      },
    },
    audit: () => {},
    redirects: false,
    redirectHeads: false,
    readOnly: false,
  })
  const answers = await Promise.all(['/livez', '/readyz'].map((path) => app.request(path)))
  expect(answers.map(({ status }) => status)).toEqual([200, ready ? 200 : 503])
  expect(await answers[1]?.text()).toBe(ready ? 'ok\n' : 'not ready\n')
  expect(asked).toEqual([])
})
