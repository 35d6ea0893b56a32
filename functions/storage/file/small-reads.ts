/**
 * Small files that are read again and again, as links of tags: one look at the file says whether it is still the
 * version that was read. To open, look at, read and close it takes four turns of Node's few threads.
 *
 * @module
 */

import { statfs } from 'node:fs/promises'
import { LRUCache } from 'lru-cache'
import type { ByteRange, ObjectRead } from '../store.ts'
import { currentEtag, etagAtOnce } from './condition.ts'
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

/**
 * File systems of Linux that keep in memory what is known of a file that was read a while ago, so that to look at it waits for
 * nothing: ext, XFS, Btrfs, ZFS, F2FS, tmpfs, and overlays of those. Others may ask over a network.
 */
const LOCAL = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x2fc12fc1, 0xf2f52010, 0x01021994, 0x794c7630,
])

type Small = Omit<ObjectRead, 'body'> & { readonly body: readonly [Uint8Array<ArrayBuffer>] }

/** The same to another reader, which may change or move its bytes. */
const copied = (read: Small): Small => ({ ...read, body: [new Uint8Array(read.body[0])] })

const isSmall = (read: ObjectRead | undefined): read is Small =>
  read !== undefined && read.info.size <= MOST && Array.isArray(read.body)

/** Reads objects as {@link get} does, and small ones again with one look. */
export const createSmallReads = (): typeof get => {
  const kept = new LRUCache<string, Small>({
    maxSize: CAPACITY,
    sizeCalculation: ({ info }) => info.size + EACH,
  })
  let isLocal: boolean | undefined
  const etagOf = async ({ root }: Tree, path: string): Promise<string | undefined> => {
    isLocal ??= LOCAL.has((await statfs(root)).type)
    return isLocal ? etagAtOnce(path) : currentEtag(path)
  }
  return async (tree: Tree, key: string, range?: ByteRange) => {
    if (range !== undefined) return get(tree, key, range)
    const path = pathOf(tree, key)
    // From before it is read: that this process stands still meanwhile makes no file older.
    const now = Date.now()
    const known = kept.get(path)
    if (known !== undefined) {
      if ((await etagOf(tree, path)) === known.info.etag) return copied(known)
      kept.delete(path)
    }
    const read = await get(tree, key)
    if (isSmall(read) && now - read.info.modified.getTime() > SETTLED) {
      kept.set(path, copied(read))
    }
    return read
  }
}
