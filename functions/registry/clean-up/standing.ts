/**
 * How data stands with the clean-up, as its writers see it.
 *
 * Whoever links data looks at its marker first, in the step in which the data is written or looked
 * for, and writes the link within `Bounds.request` of that. The clean-up claims data only when it has
 * been condemned for longer than any such writer lives, and then looks at all links again. So each
 * link either comes before that look, and is seen, or its writer has seen `condemned`, or later.
 *
 * Looking after the link instead would be too late: between the two, a manifest could be accepted
 * that relies on the link.
 *
 * @module
 */

import type { ObjectStore } from '../../storage/store.ts'
import type { ReportDamage } from '../damage.ts'
import type { Digest } from '../reference.ts'
import { BOUNDS, type Bounds } from './bounds.ts'
import type { Follows } from './fence.ts'
import { givesUp, newNonce, readMarker, writeMarker } from './marker.ts'

/**
 * What a look at a marker tells:
 * - `clear`: links may be written.
 * - `gone`: the data was deleted at some time; whether it is there now has to be looked at.
 * - `busy`: it is being deleted. Come again.
 * - a version: just this version of the data is being deleted; any other one stays.
 */
export type Standing = 'clear' | 'gone' | 'busy' | { readonly version: string }

/** A look at a marker, begun. */
export interface Look {
  readonly standing: Promise<Standing>
  /** Whether what was seen may still be relied on. Undefined: for ever. See `PutOptions.inTime`. */
  readonly inTime: (() => boolean) | undefined
}

/** Looks at markers. */
export interface Standings {
  /** Begins to count the time of a request, from before it first reads or writes. */
  begin(): Look['inTime']
  /**
   * Begins to look; one operation, and a second one where it rescues.
   *
   * @param target the sha256 digest that the data is under
   * @param inTime what `begin` returned, where something was seen earlier. Default: now
   */
  look(target: Digest, inTime?: Look['inTime']): Look
}

const CLEAR: Look = { standing: Promise.resolve('clear'), inTime: undefined }

/** For a store on which no clean-up can run: nothing is looked at, and time does not matter. */
export const UNGUARDED: Standings = { begin: () => undefined, look: () => CLEAR }

export interface StandingsOptions {
  /** Clock in milliseconds since 1970. */
  readonly now: () => number
  readonly report: ReportDamage
  /** Whether a clean-up may run; until it says yes, no marker is read. Default: yes. */
  readonly follows?: Follows
  /** Default: those of every host. */
  readonly bounds?: Bounds | undefined
}

/**
 * The standings of a store.
 *
 * A damaged marker may be a claim: it is taken for one, and for `gone` once no claim of its age holds.
 */
export const createStandings = (
  store: ObjectStore,
  { now, report, follows = async () => true, bounds = BOUNDS }: StandingsOptions,
): Standings => {
  const read = async (target: Digest): Promise<Standing> => {
    for (;;) {
      const stored = await readMarker(store, target, report)
      if (stored === undefined) return 'clear'
      const { marker, etag } = stored
      const replace = (state: 'rescued' | 'gone') =>
        writeMarker(store, target, { state, nonce: newNonce() }, { ifMatch: etag })
      if (marker?.state === 'rescued') return 'clear'
      if (marker?.state === 'gone') return 'gone'
      if (marker?.state === 'condemned') {
        // Refused: it is claimed by now, or rescued.
        if (await replace('rescued')) return 'clear'
        continue
      }
      if (marker?.version !== undefined) return { version: marker.version }
      if (!givesUp(stored, now(), bounds)) return 'busy'
      // Whoever claimed it has died, and the delete can no longer land. Not `rescued`: it may have.
      if (await replace('gone')) return 'gone'
    }
  }

  let following = true

  const begin = (): (() => boolean) => {
    // One clock may be set back, the other one stands still while the machine sleeps.
    const [date, monotonic] = [now(), performance.now()]
    return () =>
      !following || Math.max(now() - date, performance.now() - monotonic) < bounds.request
  }

  return {
    begin,
    look(target, inTime = begin()) {
      const look = async (): Promise<Standing> => {
        following = await follows()
        return following ? read(target) : 'clear'
      }
      const standing = look()
      // It counts where it is awaited, unless the request has failed before.
      standing.catch(() => {})
      return { standing, inTime }
    },
  }
}
