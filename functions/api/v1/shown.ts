/**
 * What the tags of a repository are in the first API.
 *
 * @module
 */

import type { Registry } from '../../registry/registry.ts'
import { inBatches } from '../../shared/parallel.ts'
import type { V1 } from '../../v1/open.ts'
import type { Images } from '../../v1/remembered.ts'
import { hasCode } from '../errors.ts'
import { MAX_PAGE } from '../paging.ts'
import { repositoryNotFound } from './repository.ts'

/** Manifests that are read at once. */
const AT_ONCE = 16

/** A tag that the first API can show. */
export interface ShownTag {
  readonly tag: string
  readonly images: Images
}

/** @param most tags that are looked at, in their order @throws V1Error V1_UNKNOWN where there is no such repository */
export const shownTags = async (
  { tags }: Pick<Registry, 'tags'>,
  { remembered }: Pick<V1, 'remembered'>,
  name: string,
  most: number,
): Promise<readonly ShownTag[]> => {
  const names: string[] = []
  for (let more = true; more && names.length < most; ) {
    const limit = Math.min(most - names.length, MAX_PAGE)
    const page = await tags.list(name, limit, names.at(-1)).catch((error: unknown) => {
      throw hasCode(error, 'NAME_UNKNOWN') ? repositoryNotFound() : error
    })
    names.push(...page.names)
    more = page.more
  }
  const all = await inBatches(
    names,
    async (tag): Promise<ShownTag | undefined> => {
      const link = await tags.get(name, tag)
      const found = link && (await remembered.of(name, link.target))
      return found && { tag, images: found.images }
    },
    AT_ONCE,
  )
  return all.filter((each) => each !== undefined)
}
