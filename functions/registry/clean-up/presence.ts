/**
 * Data that is there, and stays: what links may be written for.
 *
 * @module
 */

import { settled } from '../../shared/parallel.ts'
import { StoreError } from '../../storage/errors.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { Holdings } from '../held.ts'
import { dataKey } from '../layout.ts'
import type { Digest } from '../reference.ts'
import type { Look, Standings } from './standing.ts'

const unavailable = (target: Digest, why: string): StoreError =>
  new StoreError('unavailable', `${dataKey(target)} ${why}: try again`)

/** Looks again for a link whose time is over; more often would be somebody else's fault. */
const ATTEMPTS = 3

export interface Presence extends Standings {
  /**
   * Bytes of data that others may have written, if a link may be written for it; undefined: it has to
   * be written anew. In one step, if the look has just begun: one operation, and a second one only
   * where the data was deleted, or is being deleted.
   *
   * @throws StoreError `unavailable` when it is being deleted
   */
  size(target: Digest, look: Look): Promise<number | undefined>
  /**
   * Whether a link may be written for data that was just seen; no operation where nothing was
   * condemned.
   */
  stays(target: Digest, look: Look): Promise<boolean>
  /**
   * Does work that puts verified data of this size under its digest, while the marker is looked at.
   *
   * @param again does it once more, if that can be done, for data that was deleted right after
   * @throws StoreError `unavailable` when it is being deleted, or was, and cannot be written again
   */
  bring(
    target: Digest,
    size: number,
    look: Look,
    work: () => Promise<unknown>,
    again?: () => Promise<unknown>,
  ): Promise<void>
  /**
   * Writes links to data that was found or brought; looks at marker and data again where that was too
   * long ago.
   *
   * @throws StoreError `unavailable` when the data has gone meanwhile
   */
  link(
    target: Digest,
    look: Look,
    write: (inTime: Look['inTime']) => Promise<unknown>,
  ): Promise<void>
}

/** The presence of data in a store. */
export const createPresence = (
  store: ObjectStore,
  holdings: Pick<Holdings, 'size' | 'write'>,
  standings: Standings,
): Presence => {
  /** Of what was seen before, nothing counts. */
  const lookAnew = async (target: Digest, look: Look): Promise<number | undefined> => {
    const standing = await look.standing
    if (standing === 'busy') throw unavailable(target, 'is being deleted')
    const info = await store.head(dataKey(target))
    const doomed = typeof standing === 'object' && info?.version === standing.version
    return doomed ? undefined : info?.size
  }

  const size: Presence['size'] = async (target, look) => {
    const [known, standing] = await settled([holdings.size(target), look.standing])
    return known === undefined || standing === 'clear' ? known : lookAnew(target, look)
  }

  return {
    ...standings,
    size,

    async stays(target, look) {
      const standing = await look.standing
      if (standing === 'busy') return false
      return standing === 'clear' || (await lookAnew(target, look)) !== undefined
    },

    async bring(target, size, look, work, again) {
      const [, standing] = await settled([holdings.write(target, size, work), look.standing])
      if (standing === 'clear') return
      // Also where a version is being deleted: a repeated commit may have written nothing.
      if ((await lookAnew(target, look)) !== undefined) return
      if (again === undefined) throw unavailable(target, 'was deleted as it was written')
      await holdings.write(target, size, again)
    },

    async link(target, first, write) {
      let look = first
      for (let attempt = 1; ; attempt++) {
        try {
          await write(look.inTime)
          return
        } catch (error) {
          if (!(error instanceof StoreError) || error.failure !== 'late') throw error
          if (attempt === ATTEMPTS) throw error
        }
        look = standings.look(target)
        if ((await lookAnew(target, look)) === undefined) {
          throw unavailable(target, 'was deleted before it was linked')
        }
      }
    },
  }
}
