/**
 * Pushes, request by request as clients send them.
 *
 * @module
 */

import { OCI_MANIFEST } from '../../../functions/registry/media-types.ts'
import { CONFIG, type Content, imageOf } from '../hosts/content.ts'
import type { Answer } from '../hosts/host.ts'
import { expectStatus, locationOf, type Send } from './client.ts'

/** Bytes in chunks, so that they travel without a Content-Length. */
export async function* inChunks(bytes: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size)
}

/** Begins an upload. */
export const begin = (send: Send, name: string, query = ''): Promise<Answer> =>
  expectStatus(202, send(`POST /v2/${name}/blobs/uploads/${query}`))

/** Whether the repository has the blob, as clients ask before they push. */
export const has = async (send: Send, name: string, { sha256 }: Content): Promise<boolean> =>
  (await send(`HEAD /v2/${name}/blobs/${sha256}`)).status === 200

/** HEAD, POST, one PATCH in chunks, PUT without a body: classic docker, podman, crane. */
export const pushAsDocker = async (send: Send, name: string, blob: Content): Promise<void> => {
  if (await has(send, name, blob)) return
  const begun = await begin(send, name)
  const patched = await expectStatus(202, send(`PATCH ${locationOf(begun)}`, inChunks(blob.bytes)))
  await expectStatus(201, send(`PUT ${locationOf(patched, `digest=${blob.sha256}`)}`))
}

/** HEAD, POST, PUT with the bytes: containerd, docker from 29, oras. */
export const pushAsContainerd = async (send: Send, name: string, blob: Content): Promise<void> => {
  if (await has(send, name, blob)) return
  const begun = await begin(send, name)
  await expectStatus(201, send(`PUT ${locationOf(begun, `digest=${blob.sha256}`)}`, blob.bytes))
}

/** The first bytes of an upload, by a client that says which they are: more may follow. */
export const sendChunk = (send: Send, begun: Answer, bytes: Uint8Array): Promise<Answer> =>
  expectStatus(
    202,
    send(`PATCH ${locationOf(begun)}`, bytes, { 'Content-Range': `0-${bytes.byteLength - 1}` }),
  )

/** One POST with digest and bytes. */
export const pushAtOnce = (send: Send, name: string, { bytes, sha256 }: Content): Promise<Answer> =>
  expectStatus(201, send(`POST /v2/${name}/blobs/uploads/?digest=${sha256}`, bytes))

/** Pushes a manifest whose content is there. */
export const pushManifest = (
  send: Send,
  name: string,
  reference: string,
  { bytes }: Content,
  type: string = OCI_MANIFEST,
): Promise<Answer> =>
  expectStatus(201, send(`PUT /v2/${name}/manifests/${reference}`, bytes, { 'Content-Type': type }))

/** How a client pushes a blob. */
export type PushBlob = (send: Send, name: string, blob: Content) => Promise<unknown>

/** Pushes an image of these layers under a tag, layers one after another. */
export const pushImage = async (
  send: Send,
  name: string,
  tag: string,
  layers: readonly Content[],
  push: PushBlob = pushAsContainerd,
): Promise<Content> => {
  for (const each of [CONFIG, ...layers]) await push(send, name, each)
  const image = imageOf(layers)
  await pushManifest(send, name, tag, image)
  return image
}
