/**
 * When a server goes on with deletes of whole repositories: at once with its own, soon with those of others.
 *
 * @module
 */

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { finishingDeletes } from '../../functions/node/finish-deletes.ts'
import { NO_RULES } from '../../functions/registry/retention/retention.ts'
import { begin } from '../../functions/registry/whole/begin.ts'
import { pendingOf, readNote } from '../../functions/registry/whole/note.ts'
import { silent } from '../support/hosts/start.ts'
import { clientOf } from '../support/rig/client.ts'
import { intercept } from '../support/rig/intercept.ts'
import { pushImage } from '../support/rig/push.ts'
import { openFiles } from '../support/rig/stores.ts'
import { eventually } from '../support/until.ts'

const MINUTE = 60_000

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const rig = async (t: { onTestFinished(end: () => unknown): void }) => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  await pushImage(await clientOf(store), 'app', 'v1', [])
  await begin(store, 'app', { rules: async () => NO_RULES })
  const isPending = async () => pendingOf(await readNote(store, 'app')) !== undefined
  return { store, isPending }
}

test('at once where it is told, and a minute after the start', async (t) => {
  const { store, isPending } = await rig(t)
  const deletes = finishingDeletes(14, silent)
  deletes.look()
  expect(await isPending()).toBe(true)
  t.onTestFinished(deletes.start(store))
  await vi.advanceTimersByTimeAsync(MINUTE)
  await eventually(async () => expect(await isPending()).toBe(false))
  await pushImage(await clientOf(store), 'app', 'v2', [])
  await begin(store, 'app', { rules: async () => NO_RULES })
  deletes.look()
  await eventually(async () => expect(await isPending()).toBe(false))
})

test('after a failure it tries again ten minutes later; stopped, it does nothing', async (t) => {
  const { store, isPending } = await rig(t)
  let fails = true
  const failing = intercept(store, (_, proceed) => {
    if (fails) throw new Error('no')
    return proceed()
  })
  let warned = 0
  const warn = (): void => {
    warned += 1
  }
  const logger = { ...silent, warn }
  const deletes = finishingDeletes(14, logger)
  const stop = deletes.start(failing)
  await vi.advanceTimersByTimeAsync(MINUTE)
  await eventually(() => expect(warned).toBe(1))
  fails = false
  await vi.advanceTimersByTimeAsync(10 * MINUTE)
  await eventually(async () => expect(await isPending()).toBe(false))
  stop()
  await pushImage(await clientOf(store), 'app', 'v2', [])
  await begin(store, 'app', { rules: async () => NO_RULES })
  deletes.look()
  await vi.advanceTimersByTimeAsync(60 * MINUTE)
  expect(await isPending()).toBe(true)
})
