/**
 * Small files that are read again and again, as links of tags: one look at the file says whether it is still the
 * version that was read. To open, look at, read and close it takes four turns of Node's few threads.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import type { ByteRange, ObjectRead } from '../store.ts'
import { currentEtag } from './condition.ts'
import { pathOf, type Tree } from './paths.ts'
import { get } from './read.ts'

/** Most bytes of a file that is kept. */
const MOST = 1024

/** Bytes that are kept, with what it takes to keep them. */
const [CAPACITY, EACH] = [2 * 1024 * 1024, 512]

/**
 * Milliseconds for which a file must not have changed when it is read. Other programs write into files in place, and
 * two such writes within a tick of the kernel's clock could leave one version.
 */
const SETTLED = 2000

type Small = Omit<ObjectRead, 'body'> & { readonly body: readonly [Uint8Array<ArrayBuffer>] }

/** The same to another reader, which may change or move its bytes. */
const copied = (read: Small): Small => ({ ...read, body: [Uint8Array.from(read.body[0])] })

const isSmall = (read: ObjectRead | undefined): read is Small =>
  read !== undefined && read.info.size <= MOST && Array.isArray(read.body)

/** Reads objects as {@link get} does, and small ones again with one look. */
export const createSmallReads = (): typeof get => {
  const kept = new LRUCache<string, Small>({
    maxSize: CAPACITY,
    sizeCalculation: ({ info }) => info.size + EACH,
  })
  return async (tree: Tree, key: string, range?: ByteRange) => {
    if (range !== undefined) return get(tree, key, range)
    const path = pathOf(tree, key)
    const known = kept.get(path)
    if (known !== undefined) {
      if ((await currentEtag(path)) === known.info.etag) return copied(known)
      kept.delete(path)
    }
    const read = await get(tree, key)
    if (isSmall(read) && Date.now() - read.info.modified.getTime() > SETTLED) {
      kept.set(path, copied(read))
    }
    return read
  }
}
