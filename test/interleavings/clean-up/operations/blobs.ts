/**
 * Every way in which clients bring blobs, and take them away.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { uploadSecret } from '../../../../functions/compose/open-store.ts'
import { uploadDataKey } from '../../../../functions/registry/layout.ts'
import { hexOf } from '../../../../functions/registry/reference.ts'
import { createStateSealer, newUpload } from '../../../../functions/registry/uploads/state.ts'
import { blob, type Content } from '../../../support/hosts/content.ts'
import type { Answer } from '../../../support/hosts/host.ts'
import { codeOf, locationOf } from '../../../support/rig/client.ts'
import { inChunks } from '../../../support/rig/push.ts'
import { BLOB } from '../actors.ts'
import type { Acting, Actor } from '../run.ts'
import { actor, blobIn, is } from './answers.ts'

/** More than fits into one part of an upload. */
export const LARGE = blob('large', 12 * 1024 * 1024 + 1)

const begin = async (world: Acting): Promise<string | undefined> => {
  const begun = await world.send('POST /v2/app/blobs/uploads/')
  return is(world, begun, 'a start', 202) ? locationOf(begun) : undefined
}

/** Ends an upload, and notes what that promises. */
const end = async (
  world: Acting,
  location: string,
  digest: string,
  content: Content,
  body?: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> => {
  const path = `PUT ${location}${location.includes('?') ? '&' : '?'}digest=${digest}`
  const done = await world.send(path, body)
  // Where weeks have passed since it was begun.
  if (codeOf(done) === 'BLOB_UPLOAD_INVALID') return
  if (!is(world, done, 'the end of an upload', 201)) return
  world.told(blobIn('app', content))
  if (digest === content.sha512) {
    world.told({ kind: 'anywhere', name: 'app', digest: content.sha512 })
  }
}

/** POST, then PUT with the bytes. */
export const inOnePut = (title: string, content: Content, digest: string = content.sha256): Actor =>
  actor(title, async (world) => {
    const location = await begin(world)
    if (location) await end(world, location, digest, content, content.bytes)
  })

/** The same without a declared length. */
export const withoutLength = (title: string, content: Content): Actor =>
  actor(title, async (world) => {
    const location = await begin(world)
    if (location) await end(world, location, content.sha256, content, inChunks(content.bytes))
  })

/** PATCH, then PUT: the digest is known when the bytes are there. */
export const inPatches = (
  title: string,
  content: Content,
  patches: number,
  ranges = patches > 1,
): Actor =>
  actor(title, async (world) => {
    let location = await begin(world)
    const { bytes } = content
    const size = Math.ceil(bytes.length / patches)
    for (let at = 0; at < bytes.length && location !== undefined; at += size) {
      const part = bytes.subarray(at, at + size)
      const headers = { 'Content-Range': `${at}-${at + part.length - 1}` }
      const sent = await world.send(`PATCH ${location}`, part, ranges ? headers : {})
      location = is(world, sent, 'a chunk', 202) ? locationOf(sent) : undefined
    }
    if (location) await end(world, location, content.sha256, content)
  })

/** Bytes are sent, then it is asked how many, then it is cancelled. */
export const cancel = (title: string, content: Content): Actor =>
  actor(title, async (world) => {
    const location = await begin(world)
    if (location === undefined) return
    const sent = await world.send(`PATCH ${location}`, content.bytes)
    if (!is(world, sent, 'a chunk', 202)) return
    is(world, await world.send(`GET ${locationOf(sent)}`), 'a look at an upload', 204)
    is(world, await world.send(`DELETE ${locationOf(sent)}`), 'a cancel', 204)
  })

/** Asks where to send the only part. */
const askForPart = async (world: Acting): Promise<Answer | undefined> => {
  const location = await begin(world)
  if (location === undefined) return undefined
  const { sha256: digest, bytes } = BLOB
  const parts = [{ number: 1, sha256: hexOf(digest) }]
  const wanted = JSON.stringify({ digest, size: bytes.length, partSize: bytes.length, parts })
  const asked = await world.send(`POST ${location}`, Buffer.from(wanted), {
    'Content-Type': 'text/json',
  })
  return is(world, asked, 'a question for parts', 200) ? asked : undefined
}

/** The client sends the only part to the store itself. */
export const asOnePart: Actor = actor('send a blob as one part', async (world) => {
  const asked = await askForPart(world)
  if (asked === undefined) return
  const { upload } = JSON.parse(JSON.parse(asked.body.toString()).parts[0].url)
  await world.store.uploadPart(upload, 1, BLOB.bytes)
  await end(world, locationOf(asked), BLOB.sha256, BLOB)
})

/** The client has changed its mind, once it knew where to send the part. */
export const cancelParts: Actor = actor('cancel an upload of parts', async (world) => {
  const asked = await askForPart(world)
  if (asked) is(world, await world.send(`DELETE ${locationOf(asked)}`), 'a cancel', 204)
})

/** The client has sent two parts, which the commit reads back. Too small for a request: the state is made here. */
export const inTwoParts: Actor = actor('send a blob in parts', async (world) => {
  const { sha256: digest, bytes } = BLOB
  const partSize = Math.ceil(bytes.length / 2)
  const [uuid, nonce] = [randomUUID(), 'explored']
  const upload = await world.store.createMultipart(uploadDataKey(uuid, nonce), partSize, true)
  for (const at of [0, 1]) {
    const part = bytes.subarray(at * partSize, (at + 1) * partSize)
    await world.store.uploadPart(upload, at + 1, part)
  }
  const parts = { digest, size: bytes.length, partSize, id: upload.id, nonce }
  const sealer = createStateSealer(
    () => uploadSecret(world.store),
    () => world.now(),
  )
  const state = await sealer.seal({ ...newUpload('app', uuid, world.now()), parts })
  await end(world, `/v2/app/blobs/uploads/${uuid}?_state=${state}`, digest, BLOB)
})

/** Mounts by the sha512 digest, from a repository or anywhere. */
export const mountSha512 = (from: string | undefined): Actor =>
  actor(`mount by sha512 from ${from ?? 'anywhere'}`, async (world) => {
    const source = from === undefined ? '' : `&from=${from}`
    const path = `POST /v2/other/blobs/uploads/?mount=${BLOB.sha512}${source}`
    const answer = await world.send(path)
    if (is(world, answer, 'a mount', 201, 202) && answer.status === 201) {
      world.told(blobIn('other', BLOB))
    }
  })

/** Takes the blob away by its other digest, and with it what manifests rely on. */
export const deleteSha512: Actor = actor('delete of the blob by sha512', async (world) => {
  world.excuse('app')
  const answer = await world.send(`DELETE /v2/app/blobs/${BLOB.sha512}`)
  is(world, answer, 'a delete', 202, 404)
})
