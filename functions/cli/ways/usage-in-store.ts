/**
 * The bytes of repositories in a store.
 *
 * @module
 */

import { collect } from '../../registry/clean-up/collect.ts'
import { timesOf } from '../../registry/clean-up/terms.ts'
import { readUsage } from '../../registry/usage/usage.ts'
import type { StoreIo } from '../command.ts'
import type { UsageIo } from './usage-io.ts'

/** The bytes of repositories in a store. */
export const inStore = (io: StoreIo): UsageIo => ({
  ...io,
  readUsage: () => readUsage(io.store),
  toCount: 'add --now, or run slipway gc first',
  async walk(settings, isOver, progress) {
    const ended = await collect(io.store, {
      times: timesOf(settings['gc-grace'], settings['undelete-days']),
      run: false,
      force: false,
      report: () => {},
      note: () => {},
      progress,
      isOver,
      monotonic: () => performance.now(),
    })
    if (ended.outcome === 'busy') return { busySince: ended.since }
    return ended.outcome === 'done' ? undefined : 'stopped'
  },
})
