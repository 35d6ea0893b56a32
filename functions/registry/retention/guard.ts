/**
 * Immutable tags beside pushes and deletes. A push looks at its tags before it writes anything that can be
 * read, so that what is refused leaves nothing; what decides, also between pushes at the same moment, is the
 * condition under which the tag is written (tags.ts).
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import type { Digest } from '../reference.ts'
import type { Tags } from '../tags.ts'
import { tagImmutable } from './refusals.ts'
import type { Retention } from './retention.ts'

/** An immutable tag that an administrator has moved or deleted. */
export interface Overridden {
  readonly tag: string
  /** What it pointed at. */
  readonly was: Digest
}

/** What a push may do to its tags. */
export interface Permitted {
  /** Whether the tag may only be made, not moved. */
  isFrozen(tag: string): boolean
  readonly overridden: readonly Overridden[]
}

/** What the rules say of tags that are about to change. */
export interface TagGuard {
  /**
   * Looks at the tags that a push will set. One operation for each that is immutable.
   *
   * @param override whether the caller may move them all the same
   * @throws RegistryError TAG_IMMUTABLE for one that points at another digest
   */
  push(name: string, tags: readonly string[], digest: Digest, override: boolean): Promise<Permitted>
  /** Tells the immutable tags of a repository. */
  of(name: string): Promise<(tag: string) => boolean>
}

/** A guard by the rules in force. They are asked only where tags change. */
export const createGuard = (rules: () => Promise<Retention>, tags: Pick<Tags, 'get'>): TagGuard => {
  const of: TagGuard['of'] = async (name) => {
    const { isImmutable } = await rules()
    return (tag) => isImmutable(name, tag)
  }
  return {
    of,
    async push(name, wanted, digest, override) {
      if (wanted.length === 0) return { isFrozen: () => false, overridden: [] }
      const isImmutable = await of(name)
      const held = await inBatches(wanted.filter(isImmutable), async (tag) => {
        const was = (await tags.get(name, tag))?.target
        return was === undefined || was === digest ? [] : [{ tag, was }]
      })
      const overridden = held.flat()
      const [first] = overridden
      if (first !== undefined && !override) throw tagImmutable(name, first.tag, first.was)
      return { isFrozen: (tag) => !override && isImmutable(tag), overridden }
    },
  }
}
