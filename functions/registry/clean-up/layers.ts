/**
 * The links of a repository's blobs (protocol C2): which are condemned, made plain again, and swept.
 *
 * A link goes in two steps, a grace apart. Whoever relies on a condemned one makes it plain first, by a
 * condition on what it read; so does this, when a manifest needs it. Its sweep has the same condition, so
 * of a sweep and a rescue one is refused.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { dataKey } from '../layout.ts'
import { type LinkObject, readLinkObject } from '../links.ts'
import type { Digest } from '../reference.ts'
import { condemnLink, isPlain, makePlain, sweepLink } from './link-object.ts'
import { isOld, type Terms } from './terms.ts'
import type { Planned, Thing } from './thing.ts'
import type { ListedLink } from './walk.ts'

/** Links read at once. */
const AT_ONCE = 32

const planned = (thing: Thing, carryOut: () => Promise<boolean>): Planned => ({ thing, carryOut })

/** Who needs a blob: a manifest; only one that is about to go; none. */
export type Need = 'needed' | 'leaving' | 'none'

/**
 * What is to be done with the link of a blob.
 *
 * @param need of the manifests that were listed after the link was
 */
const planLayer = (
  store: ObjectStore,
  terms: Terms,
  link: LinkObject,
  about: Pick<Thing, 'key' | 'repository' | 'digest' | 'size'>,
  need: Need,
): Planned | undefined => {
  if (link.body === undefined) return undefined
  if (isPlain(link)) {
    if (need === 'needed' || !isOld(terms, link.modified)) return undefined
    const why = 'no manifest of the repository needs it'
    return planned({ ...about, step: 'condemn-link', why }, () => condemnLink(store, link))
  }
  if (link.body.condemned === undefined) return undefined
  if (need === 'needed') {
    const why = 'a manifest needs it again'
    return planned({ ...about, step: 'keep-link', why }, () => makePlain(store, link))
  }
  // The manifest may be undeleted before its link goes.
  if (need === 'leaving' || !isOld(terms, link.modified)) return undefined
  const why = `condemned ${link.modified.toISOString()}, and nobody has needed it since`
  return planned({ ...about, step: 'remove-link', why }, () => sweepLink(store, link))
}

/** The links under other algorithms, whose data is under the sha256 digest that they name. */
export const readTargets = async (
  store: ObjectStore,
  links: readonly ListedLink[],
): Promise<ReadonlyMap<Digest, Digest>> => {
  const others = links.filter(({ digest }) => !digest.startsWith('sha256:'))
  const read = await inBatches(others, ({ key }) => readLinkObject(store, key), AT_ONCE)
  return new Map(
    others.flatMap(({ digest }, at) => {
      const target = read[at]?.body?.target
      return target === undefined ? [] : [[digest, target] as const]
    }),
  )
}

/** Whether a link may be changed: a needed one that is condemned, and an old one that is not needed. */
const isCandidate = (terms: Terms, { plain, modified }: ListedLink, need: Need): boolean =>
  need === 'needed' ? !plain : isOld(terms, modified)

/**
 * What is to be done with the links of a repository's blobs.
 *
 * @param needOf who needs a digest, of the manifests that were listed after them
 */
export const planLayers = async (
  store: ObjectStore,
  terms: Terms,
  repository: string,
  layers: readonly ListedLink[],
  needOf: (digest: Digest) => Need,
): Promise<readonly Planned[]> => {
  const candidates = layers.filter((each) => isCandidate(terms, each, needOf(each.digest)))
  const all = await inBatches(
    candidates,
    async ({ key, digest }) => {
      const link = await readLinkObject(store, key)
      if (link === undefined) return undefined
      const target = link.body?.target ?? digest
      const size = link.size ?? (await store.head(dataKey(target)))?.size
      return planLayer(store, terms, link, { key, repository, digest, size }, needOf(digest))
    },
    AT_ONCE,
  )
  return all.filter((each) => each !== undefined)
}
