/**
 * What a run of the clean-up goes by: one date for all of it, and how old things must be.
 *
 * @module
 */

import { isStoreError } from '../../storage/errors.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { Recorder } from '../happened.ts'
import { cleanUpKey } from '../layout.ts'
import type { ReadPulls } from '../pulls/read.ts'
import type { Quotas } from '../quotas/quotas.ts'
import type { Retention } from '../retention/retention.ts'
import { CLAIM, GRACE, PUSH, REQUEST } from './bounds.ts'
import { newNonce } from './marker.ts'

/** A day in milliseconds. */
export const DAY = 24 * 60 * 60_000

/** Times of a clean-up, in milliseconds. */
export interface Times {
  /** G: how long something must have been condemned. */
  readonly grace: number
  /** How long a deleted manifest is kept with all that it needs. */
  readonly undelete: number
  /** C: how long a claim holds that names no version. */
  readonly claim: number
  /** How long after its claim the delete of data may be sent, by this process's clock. */
  readonly send: number
  /** How long the fence must have been there. Default: that of the fence. */
  readonly fence?: number
}

/** The times of a clean-up unless an administrator says otherwise. */
export const TIMES: Times = { grace: GRACE, undelete: 14 * DAY, claim: CLAIM, send: REQUEST }

/**
 * The times that settings give.
 *
 * @param grace seconds
 */
export const timesOf = (grace: number, undeleteDays: number): Times => ({
  ...TIMES,
  grace: grace * 1000,
  undelete: undeleteDays * DAY,
})

/** S3 gives whole seconds. */
const SECOND = 1000

/** What a run goes by. All that decides is read after the date. */
export interface Terms extends Times {
  /** Milliseconds, by the clock of the store. */
  readonly date: number
  /** What goes by rules. Default: nothing. */
  readonly rules?: Retention
  /** Repositories of which nothing is to come back. Default: none. */
  readonly evicted?: ReadonlySet<string>
  /** What counts in which quota. Default: nothing does. */
  readonly quotas?: Quotas
  /** When manifests were last pulled, for rules that ask. Default: nobody knows. */
  readonly readPulls?: ReadPulls
  /** Where events of what goes by rules are recorded. Default: nowhere. */
  readonly events?: Recorder | undefined
}

/** Whether what was last written then was so for so long at the date of the run. */
export const isOlder = ({ date }: Terms, modified: Date, span: number): boolean =>
  modified.getTime() + span + SECOND < date

/** Whether what was last written then has its grace over. */
export const isOld = (terms: Terms, modified: Date): boolean =>
  isOlder(terms, modified, terms.grace)

/**
 * Whether a push that began with a write of this age may have written more at that date or later.
 *
 * @param date milliseconds, by the clock of the store
 */
export const mayGoOn = (modified: Date, date: number): boolean =>
  modified.getTime() + PUSH + SECOND >= date

/** When {@link isOlder} will say yes, in milliseconds. */
export const dueAt = (modified: Date, span: number): number => modified.getTime() + span + SECOND

/** A store as a run begins. */
export interface Beginning {
  /** When the store has written an object of ours: the date of the run. */
  readonly date: number
  /** Whether the store keeps metadata. */
  readonly keepsMetadata: boolean
}

/** Begins a run. Three operations. */
export const beginOn = async (store: ObjectStore): Promise<Beginning> => {
  const key = cleanUpKey(`date-${newNonce()}`)
  await store.put(key, new Uint8Array(), { metadata: { size: '0' } })
  const info = await store.head(key)
  await store.delete([key]).catch((error: unknown) => {
    // What is left is a day old at the next run, and goes with it.
    if (!isStoreError(error, 'unavailable')) throw error
  })
  if (info === undefined) throw new Error(`${key} was written, and is not there`)
  return { date: info.modified.getTime(), keepsMetadata: info.metadata.size !== undefined }
}

/** The date of a run. Three operations. */
export const dateOf = async (store: ObjectStore): Promise<number> => (await beginOn(store)).date
