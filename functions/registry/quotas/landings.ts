/**
 * What this process knows of its own pushes: of which images all that it has written was answered, and sent once. What
 * was not, may still be written, whatever is deleted meanwhile.
 *
 * @module
 */

import type { ObjectStore } from '../../storage/store.ts'

/** Most images that are remembered. */
const MOST = 10_000

/** Pushes of an image. */
interface Pushes {
  /** How many have begun. */
  begun: number
  /** How many of them may still write. */
  open: number
}

export interface Landings {
  /**
   * Begins a push of an image, before it is noted.
   *
   * @returns the name under which it is to be noted, asked for right before, and what is to be called when all its
   *   writes were answered
   */
  begin(id: string): { readonly writer: () => string; readonly landed: () => void }
  /**
   * Begins a delete of an image.
   *
   * @returns a function that gives the name by which this process notes images, if none of its pushes of this one could
   *   write any more when the delete began, and none has begun since
   */
  watch(id: string): () => string | undefined
  /** Takes another name: of what was noted under this one, nothing is known any more. */
  renew(): void
}

/**
 * @param store tells whether requests were sent more than once
 * @param newWriter makes a name that no other process has
 */
export const createLandings = (
  { lastCalls }: Pick<ObjectStore, 'lastCalls'>,
  newWriter: () => string,
): Landings => {
  const pushes = new Map<string, Pushes>()
  let writer = newWriter()
  const renew = (): void => {
    pushes.clear()
    writer = newWriter()
  }
  return {
    renew,

    begin(id) {
      if (pushes.size >= MOST && !pushes.has(id)) renew()
      const own = pushes.get(id) ?? { begun: 0, open: 0 }
      pushes.set(id, own)
      own.begun += 1
      own.open += 1
      const name = writer
      const { resent } = lastCalls
      return {
        // Under a new one, nobody would know of it.
        writer: () => (name === writer ? name : newWriter()),
        landed() {
          if (lastCalls.resent === resent) own.open -= 1
        },
      }
    },

    watch(id) {
      const own = pushes.get(id)
      if (own === undefined || own.open > 0) return () => undefined
      const [{ begun }, name] = [own, writer]
      return () => (own.begun === begun && writer === name ? name : undefined)
    },
  }
}
