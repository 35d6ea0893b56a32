/** What is not an image is refused before anything is sent. */

import { describe, expect, test } from 'vitest'
import { TransferError } from '../../functions/transfer/errors.ts'
import { pushImage } from '../../functions/transfer/push.ts'

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const DIGEST = `sha256:${'a'.repeat(64)}`

const nothing = (): never => {
  throw new Error('nothing may be asked for, or sent')
}

const push = (mediaType: string, content: string) =>
  pushImage(
    { manifest: nothing, blob: nothing } as never,
    { root: { digest: DIGEST, mediaType, bytes: Buffer.from(content) } } as never,
    {
      target: { putManifest: nothing },
      sender: { send: nothing },
      tags: [],
      happened: nothing,
    },
  )

describe('what is not an image', () => {
  test.each([
    ['cut JSON', MANIFEST, '{"layers":', `${DIGEST} is not a manifest`],
    ['no bytes', MANIFEST, '', `${DIGEST} is not a manifest`],
    ['a list', MANIFEST, '[]', `${DIGEST} is not a manifest`],
    ['null', MANIFEST, 'null', `${DIGEST} is not a manifest`],
    ['a layer without a digest', MANIFEST, '{"layers":[{}]}', `${DIGEST} is not a manifest`],
    [
      'another type',
      'text/plain',
      '{}',
      `${DIGEST} is text/plain: expected a manifest or an index`,
    ],
  ])('%s', async (_, mediaType, content, message) => {
    const pushed = push(mediaType, content)
    await expect(pushed).rejects.toThrow(TransferError)
    await expect(pushed).rejects.toThrow(message)
  })
})
