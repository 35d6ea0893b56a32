/**
 * Pulls of images.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { inBatches } from '../../functions/shared/parallel.ts'
import type { Blob, Image } from '../content.ts'
import { type Call, type Client, expect } from './wire.ts'

/** Blobs under way at once, docker's default. */
const DOWNLOADS = 3

/** GETs a URL, following the redirect to the store where there is one. */
const download = async (
  client: Client,
  url: string,
  onBytes?: Call['onBytes'],
): Promise<number> => {
  const get = { method: 'GET', url, ...(onBytes === undefined ? {} : { onBytes }) }
  const reply = await expect(client, [200, 307], get)
  const { location } = reply.headers
  if (reply.status === 200 || location === undefined) return reply.size
  return (await expect(client, [200], { ...get, url: location })).size
}

/** Pulls a blob. @throws Error when it is not as it was pushed */
export const pullBlob = async (
  client: Client,
  name: string,
  { digest, bytes }: Blob,
  verify = false,
): Promise<void> => {
  const hash = verify ? createHash('sha256') : undefined
  const url = `/v2/${name}/blobs/${digest}`
  const size = await download(client, url, hash && ((chunk) => hash.update(chunk)))
  const found = hash === undefined ? digest : `sha256:${hash.digest('hex')}`
  if (size === bytes.byteLength && found === digest) return
  throw new Error(`${url} came as ${size} bytes of ${found}, not ${bytes.byteLength}`)
}

/**
 * Pulls an image by its tag: the manifest, then its blobs, some at once.
 *
 * @param verify whether the blobs' digests are computed, too; sizes are always compared
 * @throws Error when a blob is not as it was pushed
 */
export const pullImage = async (
  client: Client,
  name: string,
  tag: string,
  image: Image,
  verify = false,
): Promise<void> => {
  const headers = { Accept: OCI_MANIFEST }
  await expect(client, [200], { method: 'GET', url: `/v2/${name}/manifests/${tag}`, headers })
  await inBatches(image.blobs, (blob) => pullBlob(client, name, blob, verify), DOWNLOADS)
}
