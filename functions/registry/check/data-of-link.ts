/**
 * Checks the data that a link leads to.
 *
 * @module
 */

import { tookPlace } from '../../storage/errors.ts'
import { dataKey } from '../layout.ts'
import { type Link, writeLink } from '../links.ts'
import { CANONICAL, type Digest } from '../reference.ts'
import { hashAll } from '../uploads/hash.ts'
import type { Found } from './finding.ts'
import type { View } from './view.ts'

/** What is wrong with the data that a link leads to. */
export const aboutData = async (
  view: View,
  key: string,
  repository: string,
  link: Link,
): Promise<Found | undefined> => {
  const { target, size: recorded } = link
  const about = { key, repository, digest: target }
  const size = await view.size(target)
  if (size === undefined) return link.condemned ? unneeded(view, about) : gone(about)
  if (view.wrong.has(target)) {
    const text = `the bytes of ${target} do not have this digest`
    return { ...about, kind: 'link-to-wrong-data', text }
  }
  if (recorded === undefined || recorded === size) return undefined
  const text = `the data ${target} has ${size} bytes, but the link records ${recorded}: the next push to ${repository} brings it back`
  const mend = () => recordSize(view, key, link)
  return { ...about, kind: 'link-to-wrong-size', text, mend }
}

type About = Pick<Found, 'key' | 'repository'> & { readonly digest: Digest }

const gone = (about: About): Found => ({
  ...about,
  kind: 'link-without-data',
  text: `the data ${about.digest} is not there: the next push to ${about.repository} brings it back`,
})

/**
 * A condemned link whose data is gone. It is removed by the clean-up's own step, with the least grace that it may
 * have: condemned for so long, needed by no manifest that was listed afterwards, and by the version that was read
 * (protocol C2). Whoever has come to need it has made it plain, and its version is another.
 */
const unneeded = async (view: View, about: About): Promise<Found> => {
  const { key, digest, repository = '' } = about
  const sweep = (await view.sweeps(repository)).get(key)
  if (sweep === undefined) return gone(about)
  return {
    ...about,
    kind: 'link-without-data',
    text: `the data ${digest} is not there, and nothing needs the link, which is condemned`,
    mend: async () => {
      if ((await view.store.head(dataKey(digest))) !== undefined) return undefined
      return (await sweep()) ? 'removed the link' : undefined
    },
  }
}

/**
 * Records the size of data that has its digest: then it is the link that is wrong. The link keeps its data from the
 * clean-up, condemned or not, as long as it is as it was read; a condemned one becomes plain.
 */
const recordSize = async (
  { store }: View,
  key: string,
  { target, etag }: Link,
): Promise<string | undefined | false> => {
  const read = await store.get(dataKey(target))
  if (read === undefined) return undefined
  const hashes = await hashAll(read.body, [CANONICAL])
  if (`${CANONICAL}:${hashes[CANONICAL]}` !== target) return false
  const { size } = read.info
  const written = await tookPlace(
    writeLink(store, key, target, { size, condition: { ifMatch: etag } }),
  )
  return written ? `recorded ${size} bytes, which have the digest` : undefined
}
