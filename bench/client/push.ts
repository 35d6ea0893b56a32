/**
 * Pushes of images, request by request as clients send them.
 *
 * @module
 */

import type { IncomingHttpHeaders } from 'node:http'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { inBatches } from '../../functions/shared/parallel.ts'
import type { Blob, Image } from '../content.ts'
import { type Client, expect, type Reply } from './wire.ts'

/**
 * How blobs travel: `docker` as docker up to 28, podman and crane do (POST, one PATCH in chunks of
 * unknown number, PUT without a body); `containerd` as containerd, docker from 29 and oras do (POST,
 * one PUT with its length).
 */
export type PushStyle = 'docker' | 'containerd'

/** Blobs under way at once, docker's default. */
const UPLOADS = 5

const locationOf = (headers: IncomingHttpHeaders, digest?: string): string => {
  const { location } = headers
  if (location === undefined) throw new Error('an upload was answered without a Location')
  if (digest === undefined) return location
  return `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`
}

/** Pushes a blob unless the registry says that it has it. */
export const pushBlob = async (
  client: Client,
  name: string,
  { bytes, digest }: Blob,
  style: PushStyle,
): Promise<void> => {
  const blobs = `/v2/${name}/blobs`
  const asked = { method: 'HEAD', url: `${blobs}/${digest}` }
  if ((await expect(client, [200, 307, 404], asked)).status !== 404) return
  const begun = await expect(client, [202], { method: 'POST', url: `${blobs}/uploads/` })
  const type = { 'Content-Type': 'application/octet-stream' }
  if (style === 'containerd') {
    const url = locationOf(begun.headers, digest)
    await expect(client, [201], { method: 'PUT', url, headers: type, body: bytes })
    return
  }
  const patched = await expect(client, [202], {
    method: 'PATCH',
    url: locationOf(begun.headers),
    headers: type,
    body: bytes,
    chunked: true,
  })
  await expect(client, [201], { method: 'PUT', url: locationOf(patched.headers, digest) })
}

/** Pushes a manifest, whose blobs are there, under a tag. */
export const pushManifest = (
  client: Client,
  name: string,
  tag: string,
  { manifest }: Image,
): Promise<Reply> =>
  expect(client, [201], {
    method: 'PUT',
    url: `/v2/${name}/manifests/${tag}`,
    headers: { 'Content-Type': OCI_MANIFEST },
    body: manifest.bytes,
  })

/** Pushes an image's blobs, some at once, and then its manifest under a tag. */
export const pushImage = async (
  client: Client,
  name: string,
  tag: string,
  image: Image,
  style: PushStyle,
): Promise<void> => {
  await inBatches(image.blobs, (blob) => pushBlob(client, name, blob, style), UPLOADS)
  await pushManifest(client, name, tag, image)
}
