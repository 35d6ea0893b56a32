/**
 * Uploads whose parts the client sends to the store itself.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { uploadSecret } from '../../functions/compose/open-store.ts'
import { uploadDataKey } from '../../functions/registry/layout.ts'
import { hexOf } from '../../functions/registry/reference.ts'
import { createStateSealer, newUpload } from '../../functions/registry/uploads/state.ts'
import { expectStatus, locationOf } from '../support/rig/client.ts'
import { begin } from '../support/rig/push.ts'
import { LAYER, told, type Work } from './work.ts'

/** The client sends the only part to the store itself. */
export const asOnePart: Work = async (send, store) => {
  const { sha256: digest, bytes } = LAYER
  const parts = [{ number: 1, sha256: hexOf(digest) }]
  const wanted = JSON.stringify({ digest, size: bytes.length, partSize: bytes.length, parts })
  const started = await expectStatus(202, begin(send, 'app'))
  const asked = await expectStatus(
    200,
    send(`POST ${locationOf(started)}`, Buffer.from(wanted), { 'Content-Type': 'text/json' }),
  )
  const { upload } = JSON.parse(JSON.parse(asked.body.toString()).parts[0].url)
  await store.uploadPart(upload, 1, bytes)
  return told(send(`PUT ${locationOf(asked, `digest=${digest}`)}`))
}

/**
 * The client has sent two parts, which the commit reads back. They are too small for a request, so the
 * upload's state is made here.
 */
export const inTwoParts: Work = async (send, store, clock) => {
  const { sha256: digest, bytes } = LAYER
  const partSize = bytes.length / 2
  const [uuid, nonce] = [randomUUID(), 'explored']
  const upload = await store.createMultipart(uploadDataKey(uuid, nonce), partSize, true)
  for (const at of [0, 1]) {
    await store.uploadPart(upload, at + 1, bytes.subarray(at * partSize, (at + 1) * partSize))
  }
  const parts = { digest, size: bytes.length, partSize, id: upload.id, nonce }
  const sealer = createStateSealer(
    () => uploadSecret(store),
    () => clock.now,
  )
  const state = await sealer.seal({ ...newUpload('app', uuid, clock.now), parts })
  return told(send(`PUT /v2/app/blobs/uploads/${uuid}?_state=${state}&digest=${digest}`))
}
