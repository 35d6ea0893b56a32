/**
 * A server with `gc` on cleans up some minutes after its start, and then daily.
 *
 * @module
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { RequestLogger } from '../../functions/api/env.ts'
import type { AuditEvent } from '../../functions/auth/audit.ts'
import { startCleanUps } from '../../functions/node/clean-up.ts'
import { raiseFence } from '../../functions/registry/clean-up/fence.ts'
import { timesOf } from '../../functions/registry/clean-up/terms.ts'
import { dataKey } from '../../functions/registry/layout.ts'
import { createModel } from '../interleavings/model.ts'
import { blob } from '../support/hosts/content.ts'
import { clientOf, expectStatus } from '../support/rig/client.ts'
import { pushAtOnce, pushImage } from '../support/rig/push.ts'
import { eventually } from '../support/until.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const GARBAGE = blob('garbage', 100)

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

test('it removes what is not needed, in days, and each removal is in the audit trail', async (t) => {
  const { store, clock } = createModel({ etags: 'content', conditionalDeletes: true })
  const send = await clientOf(store, { cleanUp: true })
  await pushImage(send, 'app', 'v1', [blob('kept', 200)])
  await pushAtOnce(send, 'app', GARBAGE)
  const lines: unknown[][] = []
  const events: AuditEvent[] = []
  const line = (...args: unknown[]): void => void lines.push(args)
  const logger = { info: line, warn: line, error: line } as unknown as RequestLogger
  const times = timesOf(48 * 60 * 60, 7)
  const audit = (event: AuditEvent): void => void events.push(event)
  t.onTestFinished(startCleanUps(store, { times, logger, audit }))
  await vi.advanceTimersByTimeAsync(20 * MINUTE - 1)
  expect(lines).toEqual([])
  await vi.advanceTimersByTimeAsync(20 * MINUTE + 1)
  await eventually(() => expect(lines).toHaveLength(1))
  expect(lines[0]?.[1]).toBe('no clean-up')
  await raiseFence(store)
  for (let day = 2; day < 14; day++) {
    clock.now += DAY
    await vi.advanceTimersByTimeAsync(DAY)
    await eventually(() => expect(lines).toHaveLength(day))
    expect(lines.at(-1)?.[1]).toBe('clean-up')
  }
  expect(await store.head(dataKey(GARBAGE.sha256))).toBeUndefined()
  expect(events.map(({ event, who, what, outcome }) => [event, who, what, outcome])).toEqual([
    ['delete', 'clean-up', `app@${GARBAGE.sha256}`, 'ok'],
    ['delete', 'clean-up', GARBAGE.sha256, 'ok'],
  ])
  await expectStatus(200, send('GET /v2/app/manifests/v1'))
})

test('where deletes are not exact it never runs, and says so once, at the start', async (t) => {
  const { store } = createModel({ etags: 'content', conditionalDeletes: false })
  await raiseFence(store)
  const lines: unknown[][] = []
  const warn = (...args: unknown[]): void => void lines.push(args)
  const logger = { warn } as unknown as RequestLogger
  const times = timesOf(48 * 60 * 60, 7)
  t.onTestFinished(startCleanUps(store, { times, logger, audit: () => {} }))
  await vi.advanceTimersByTimeAsync(10 * DAY)
  expect(lines).toEqual([
    [{ why: expect.stringContaining('slipway gc --run --closed') }, 'no clean-up by this server'],
  ])
})
