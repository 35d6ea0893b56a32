/**
 * What `slipway usage` works with.
 *
 * @module
 */

import type { Settings } from '../../compose/setting-table.ts'
import type { Usage } from '../../registry/usage/usage.ts'
import type { Io } from '../io.ts'

/** What the last clean-up found; of the store as a whole only for those who may know. */
export type UsageFound = Pick<Usage, 'date' | 'repositories'> & {
  readonly [K in 'count' | 'pool' | 'removed']?: Usage[K] | undefined
}

/** The world outside a command, and the bytes of repositories. */
export interface UsageIo extends Io {
  /** @returns undefined where no clean-up has counted yet */
  readonly readUsage: () => Promise<UsageFound | undefined>
  /** What there is to do in that case. */
  readonly toCount: string
  /**
   * Walks the store, as a clean-up does that changes nothing; undefined where that cannot be done from.
   *
   * @returns why it was not done
   */
  readonly walk?: (
    settings: Pick<Settings, 'gc-grace' | 'undelete-days'>,
    isOver: () => boolean,
    progress: (...lines: readonly string[]) => void,
  ) => Promise<'stopped' | { readonly busySince: Date } | undefined>
}
