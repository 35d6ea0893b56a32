/**
 * Blobs and manifests that are compared with their digests on their way.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { type Algorithm, algorithmOf, type Digest } from '../../registry/reference.ts'
import type { Blob } from '../blobs/blob.ts'
import { TransferError } from '../errors.ts'
import type { Manifest } from '../sources/source.ts'

const algorithmIn = (digest: string): Algorithm => algorithmOf(digest as Digest)

/** The digest of bytes, by the algorithm of another one. */
export const digestLike = (digest: string, bytes: Uint8Array): string => {
  const algorithm = algorithmIn(digest)
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
}

/** @throws TransferError where a manifest is not what its digest says */
export const checkManifest = (called: string, { digest, bytes }: Manifest): void => {
  const found = digestLike(digest, bytes)
  if (found === digest) return
  throw new TransferError(
    `${called} is damaged: what it has as the manifest ${digest} has the digest ${found}`,
  )
}

/** Passes bytes on, the last of them only when all are what they should be. */
async function* checking(
  called: string,
  { digest, size }: Pick<Blob, 'digest' | 'size'>,
  source: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const hash = createHash(algorithmIn(digest))
  let [held, count]: [Buffer | undefined, number] = [undefined, 0]
  for await (const chunk of source) {
    count += chunk.length
    if (count > size) break
    hash.update(chunk)
    if (held !== undefined) yield held
    held = chunk
  }
  if (count !== size) {
    const found = count > size ? `more than ${size}` : `${count} of ${size}`
    throw new TransferError(`${called} has ${found} bytes of the blob ${digest}`)
  }
  const found = `${algorithmIn(digest)}:${hash.digest('hex')}`
  if (found !== digest) {
    throw new TransferError(
      `${called} is damaged: what it has as the blob ${digest} has the digest ${found}`,
    )
  }
  if (held !== undefined) yield held
}

/** The same blob; read as a whole, it ends only if it is what its digest says. @param called its origin */
export const verified = (called: string, blob: Blob): Blob => ({
  ...blob,
  stream: (start, end) =>
    start === 0 && end === blob.size
      ? Readable.from(checking(called, blob, blob.stream(start, end)), { objectMode: false })
      : blob.stream(start, end),
})
