/**
 * What those who write know of quotas.
 *
 * @module
 */

import type { Recorder } from '../happened.ts'
import type { Counted } from './counter.ts'
import type { Image } from './ledger.ts'
import type { Quota, Quotas } from './quotas.ts'

/** What a quota asks of those who write. */
export interface QuotaGuard {
  /** The quota of a repository. Its count is known then: at most one operation. */
  open(repository: string): Promise<Quota | undefined>
  /**
   * Counts what a manifest is about to link, before its link is written.
   *
   * @returns a function to be called when all is written
   * @throws RegistryError QUOTA_EXCEEDED
   */
  raise(quota: Quota, image: Image, things: readonly Counted[]): Promise<() => void>
  /**
   * Begins a delete of a manifest, before anything of it is read. It never fails, and neither does what it returns: what
   * is not taken off, the next walk finds.
   *
   * @returns a function that takes off what nothing else is known to need, when the manifest and its tags are gone
   */
  leave(image: Image): Promise<() => Promise<void>>
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
