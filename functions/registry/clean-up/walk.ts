/**
 * Walks all links, one repository after another. The listing is in byte order, in which all that a
 * repository has is together: its blobs' links, then its manifests' links, then its tags. So whatever a
 * manifest needs was listed before the manifest was.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { listPages } from '../../storage/pages.ts'
import type { ListedObject, ObjectStore } from '../../storage/store.ts'
import { REPOSITORIES_PREFIX } from '../layout.ts'
import { type Digest, isDigest } from '../reference.ts'

/** A link as it was listed. */
export interface ListedLink {
  readonly key: string
  readonly digest: Digest
  readonly modified: Date
  /** Whether it has the size of a plain one; a condemned or deleted one is longer. */
  readonly plain: boolean
}

/** A tag as it was listed. */
export interface ListedTag {
  readonly key: string
  readonly tag: string
  /** Undefined where the service does not list it. */
  readonly etag: string | undefined
  readonly modified: Date
  /** Whether it has the size of a plain one. */
  readonly plain: boolean
}

/** All links of a repository, each kind in byte order. */
export interface ListedRepository {
  readonly name: string
  readonly layers: ListedLink[]
  readonly revisions: ListedLink[]
  readonly tags: ListedTag[]
  /** The latest of what Slipway does not write; undefined: there is none. */
  foreign?: Pick<ListedObject, 'key' | 'modified'>
  /**
   * Sum of all that was listed of it, in a walk: names, sizes, versions and times. Undefined where the service
   * does not list versions.
   */
  sum?: string
}

const LAYER = /^_layers\/([a-z0-9]+)\/([0-9a-f]+)\/link$/
const REVISION = /^_manifests\/revisions\/([a-z0-9]+)\/([0-9a-f]+)\/link$/
const TAG = /^_manifests\/tags\/([^/]+)\/current\/link$/

/** Bytes of a digest, which a plain link is. */
const SHA256 = 'sha256:'.length + 64
const SHA512 = 'sha512:'.length + 128

/**
 * Whether a link has the size of a plain one. Under a sha256 digest that is the digest's; one that was deleted is as
 * long as a sha512 digest there. Under another it is that of either, which no condemned or deleted one has.
 */
const isPlain = (size: number, algorithm?: string): boolean =>
  size === SHA256 || (size === SHA512 && algorithm !== 'sha256')

const linkOf = ({ key, size, modified }: ListedObject, match: RegExpExecArray) => {
  const digest = `${match[1]}:${match[2]}`
  return isDigest(digest) ? [{ key, digest, modified, plain: isPlain(size, match[1]) }] : []
}

/** Takes an object of a repository into what was listed of it; others, such as uploads, are none. */
const take = (into: ListedRepository, object: ListedObject, path: string): void => {
  const layer = LAYER.exec(path)
  if (layer) return void into.layers.push(...linkOf(object, layer))
  const revision = REVISION.exec(path)
  if (revision) return void into.revisions.push(...linkOf(object, revision))
  const [, tag] = TAG.exec(path) ?? []
  if (tag === undefined) {
    const { key, modified } = object
    const latest = into.foreign === undefined || into.foreign.modified < modified
    if (latest && FOREIGN.test(path)) into.foreign = { key, modified }
    return
  }
  const { key, modified, size, etag } = object
  into.tags.push({ key, tag, etag, modified, plain: isPlain(size) })
}

/** What distribution, and Slipway 1.0, write beside links: while an upload goes on, and with each tag. */
const FOREIGN = /^(?:_uploads\/|_manifests\/tags\/[^/]+\/index\/)/

/** What comes after all that a repository has in the order of keys, and before others. */
export const endOf = (name: string): string => `${REPOSITORIES_PREFIX}${name}/_~`

const empty = (name: string): ListedRepository => ({ name, layers: [], revisions: [], tags: [] })

/** Adds up what was listed of a repository. */
const openSum = () => {
  const hash = createHash('sha256')
  let known = true
  return {
    add({ size, etag, modified }: ListedObject, path: string): void {
      known &&= etag !== undefined
      hash.update(`${path} ${size} ${etag} ${modified.getTime()}\n`)
    },
    end: (): string | undefined => (known ? hash.digest('base64url') : undefined),
  }
}

/**
 * All repositories in the order of their keys; one listing for each 1000 objects.
 *
 * @param after only repositories after this one, in that order
 */
export async function* walkRepositories(
  store: ObjectStore,
  after?: string,
): AsyncGenerator<ListedRepository> {
  let current: ListedRepository | undefined
  let sum = openSum()
  const ended = (listed: ListedRepository): ListedRepository => {
    const is = sum.end()
    return is === undefined ? listed : { ...listed, sum: is }
  }
  const start = after === undefined ? undefined : endOf(after)
  for await (const page of listPages(store, REPOSITORIES_PREFIX, start)) {
    for (const object of page) {
      const path = object.key.slice(REPOSITORIES_PREFIX.length)
      const cut = path.indexOf('/_')
      if (cut === -1) continue
      const name = path.slice(0, cut)
      if (current !== undefined && current.name !== name) yield ended(current)
      if (current?.name !== name) {
        current = empty(name)
        sum = openSum()
      }
      const rest = path.slice(cut + 1)
      sum.add(object, rest)
      take(current, object, rest)
    }
  }
  if (current !== undefined) yield ended(current)
}

/**
 * All links of one repository, listed now.
 *
 * @param most keys
 * @returns undefined when there are more
 */
export const listRepositoryWithin = async (
  store: ObjectStore,
  name: string,
  most: number,
): Promise<ListedRepository | undefined> => {
  const found = empty(name)
  const prefix = `${REPOSITORIES_PREFIX}${name}/`
  let left = most
  for (const part of ['_layers/', '_manifests/']) {
    for await (const page of listPages(store, prefix + part)) {
      left -= page.length
      if (left < 0) return undefined
      for (const object of page) take(found, object, object.key.slice(prefix.length))
    }
  }
  return found
}

/** All links of one repository, however many, listed now. */
export const listRepository = async (store: ObjectStore, name: string): Promise<ListedRepository> =>
  (await listRepositoryWithin(store, name, Number.POSITIVE_INFINITY)) ?? empty(name)
