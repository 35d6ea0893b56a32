/**
 * The steps in which a link goes with its whole repository: see pass.ts.
 *
 * @module
 */

import type { ObjectStore } from '../../storage/store.ts'
import { condemnLink, isPlain, makePlain } from '../clean-up/link-object.ts'
import { mayGoOn } from '../clean-up/terms.ts'
import type { NoteDeletion } from '../deleted/note.ts'
import { type LinkObject, readLinkObject } from '../links.ts'
import { pushedAt } from '../retention/remove-tag.ts'
import type { WholeDelete } from './note.ts'

/** What passes go by, whoever makes them. */
export interface PassOptions {
  /** Whether it is certain that the delete was not acknowledged when this began, and will not be before it has ended. */
  readonly early: boolean
  /** Whether what goes is put on record, so that it can come back. */
  readonly undeletes: boolean
  /** Tells the immutable tags of a repository. */
  readonly isImmutable: (name: string, tag: string) => boolean
  /** Whether to stop, to go on another time. Asked between any two batches. */
  readonly isOver: () => boolean
  /** Clock in milliseconds, for the records. */
  readonly now: () => number
  /** Is told of each link that has changed, by its key. Default: nobody remembers links. */
  readonly forget?: ((key: string) => Promise<void>) | undefined
}

/** What one pass goes by. */
export interface Pass extends PassOptions {
  readonly store: ObjectStore
  readonly name: string
  readonly whole: WholeDelete
  /** What was written from then on stays, in milliseconds by the clock of the store. */
  readonly cutoff: number
  /** When it began, by that clock: all links were read after it. */
  readonly date: number
  readonly record: NoteDeletion
  /** Whether the delete is still pending. One operation. */
  readonly goesOn: () => Promise<boolean>
}

/** Links that are dealt with together, some operations each: of as many a request is late at most. */
const BATCH = 100

/** Parts of a list that are dealt with together. */
export function* batchesOf<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += BATCH) yield all.slice(at, at + BATCH)
}

/** Whether a link was written before the delete, and is not deleted already. */
export const isOld = ({ cutoff }: Pass, link: LinkObject): boolean =>
  link.body !== undefined && link.body.deletedWithin === undefined && pushedAt(link) < cutoff

/**
 * In place of the date of a pass, in what is condemned before the delete is acknowledged: no push that counts can have
 * come between.
 */
const EARLY = 999_999_999_999_999

/**
 * Whether a push that began after the delete may have written a link of this date: what it writes before that is of
 * then.
 *
 * @param before of what pushes write before the link
 * @param since when nobody had condemned the link yet
 */
export const mayBePushed = (
  { cutoff }: Pick<Pass, 'cutoff'>,
  before: Date | undefined,
  since: number,
): boolean => before !== undefined && before.getTime() >= cutoff && mayGoOn(before, since)

/** When nobody had condemned a link yet, as the link says. */
export const condemnedAfter = ({ body }: LinkObject): number => body?.byRule?.date ?? 0

/**
 * Condemns a link, unless it is so already. Two operations.
 *
 * @returns the condemned link, or undefined: it has changed
 */
export const condemn = async (pass: Pass, link: LinkObject): Promise<LinkObject | undefined> => {
  const { store, early } = pass
  const date = early ? EARLY : pass.date
  if (!isPlain(link)) return link
  if (!(await condemnLink(store, link, { pushed: pushedAt(link), date }))) return undefined
  const condemned = await readLinkObject(store, link.key)
  if (condemned?.body?.condemned === undefined || !isOld(pass, condemned)) return undefined
  return condemned
}

/** Makes condemned links plain again. */
export const spare = async ({ store }: Pass, link: LinkObject): Promise<void> =>
  void (await makePlain(store, link))
