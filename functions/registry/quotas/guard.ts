/**
 * Quotas beside pushes. What counts is loaded where a quota is set, and only by those who write.
 *
 * @module
 */

import { once } from '../../shared/once.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { Recorder } from '../happened.ts'
import type { Counted } from './counter.ts'
import { NO_QUOTAS, type Quota, type Quotas } from './quotas.ts'

/** What a quota asks of those who write. */
export interface QuotaGuard {
  /** The quota of a repository. Its count is known then: at most one operation. */
  open(repository: string): Promise<Quota | undefined>
  /**
   * Counts what a manifest is about to link, before its link is written.
   *
   * @throws RegistryError QUOTA_EXCEEDED
   */
  raise(quota: Quota, repository: string, things: readonly Counted[]): Promise<void>
  /**
   * Refuses blobs for a repository whose quota is used up: no manifest could link them. Known from a memory of
   * seconds.
   *
   * @throws RegistryError QUOTA_EXCEEDED
   */
  admit(repository: string): Promise<void>
  /**
   * The same for an upload that begins, which costs no operation while this process has heard of no quota of the
   * repository: its end is refused in any case.
   */
  admitStart(repository: string): Promise<void>
}

export interface QuotaOptions {
  /** The quotas in force. Default: none. */
  readonly quotas?: (() => Promise<Quotas>) | undefined
  readonly softLimit?: ((quota: Quota, bytes: number) => void) | undefined
  /** Where that is recorded. Default: nowhere. */
  readonly events?: Recorder | undefined
  readonly now: () => number
  readonly wait: (milliseconds: number) => Promise<unknown>
}

/** Milliseconds for which a count serves to refuse blobs. */
const MAX_AGE = 10_000

/** A guard by the quotas in force. */
export const createQuotaGuard = (
  store: ObjectStore,
  { quotas = async () => NO_QUOTAS, softLimit, events, now, wait }: QuotaOptions,
): QuotaGuard => {
  const ledger = once(async () => {
    const [{ createLedger }, { tellingSoftLimit }] = await Promise.all([
      import('./ledger.ts'),
      import('./soft-limit.ts'),
    ])
    return createLedger({ store, now, wait, softLimit: tellingSoftLimit(events, softLimit) })
  })
  let last = NO_QUOTAS
  const of = async (repository: string): Promise<Quota | undefined> => {
    last = await quotas()
    return last.of(repository)
  }
  const admit = async (repository: string): Promise<void> => {
    const quota = await of(repository)
    if (quota?.hard === undefined) return
    const used = await (await ledger()).bytes(quota, MAX_AGE)
    if (used < quota.hard) return
    const { usedUp } = await import('./refusals.ts')
    throw usedUp(quota, repository, used)
  }
  return {
    async open(repository) {
      const quota = await of(repository)
      if (quota !== undefined) await (await ledger()).bytes(quota, Number.POSITIVE_INFINITY)
      return quota
    },
    raise: async (quota, repository, things) => (await ledger()).raise(quota, repository, things),
    admit,
    async admitStart(repository) {
      if (last.of(repository)?.hard !== undefined) await admit(repository)
    },
  }
}
