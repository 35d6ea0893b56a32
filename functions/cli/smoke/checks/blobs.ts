/**
 * Reads of blobs, here or where the registry redirects clients to.
 *
 * @module
 */

import { digestOf } from '../../../registry/reference.ts'
import type { Followed } from '../asking.ts'
import { type Check, firstWrong } from '../check.ts'
import type { Session } from '../session.ts'
import { Unmet } from '../unmet.ts'

const where = ({ elsewhere }: Followed): string =>
  elsewhere === undefined ? 'served here' : `307 to ${new URL(elsewhere).host}`

/** The address that a GET of the layer is redirected to. @throws Unmet where blobs are served here */
const presigned = async (session: Session): Promise<string> => {
  const { layer } = await session.image()
  const { headers, status } = await session.ask('GET', `blobs/${layer.digest}`)
  const location = headers.get('Location')
  if (status === 200) throw new Unmet('blobs are served here: nothing is presigned')
  if (location === null) throw new Unmet(`the blob cannot be read: ${status}`)
  return location
}

/** The same address with another last character of its signature. */
const tampered = (url: string): string =>
  url.replace(/(X-Amz-Signature=[0-9a-f]*)([0-9a-f])/i, (_, most: string, last: string) =>
    most.concat(last === '0' ? '1' : '0'),
  )

/** Checks of reading blobs. */
export const blobChecks: readonly Check[] = [
  {
    id: 'blob-head',
    asks: 'HEAD of a blob',
    advice: 'nothing can be set: report it with this line',
    run: async (session) => {
      const { layer } = await session.image()
      const found = await session.follow('HEAD', `blobs/${layer.digest}`)
      const { status, headers } = found.reply
      const length = headers.get('Content-Length')
      return {
        seen: `${where(found)}: ${status}, ${length ?? 'no'} bytes`,
        wrong: firstWrong(
          [status === 200, 'it is not found (expected 200)'],
          [
            Number(length) === layer.bytes.length,
            `Content-Length is ${length}, not ${layer.bytes.length}: docker pushes broken manifests`,
          ],
        ),
      }
    },
  },
  {
    id: 'blob-get',
    asks: 'GET of a blob, with Accept-Encoding: gzip, zstd',
    advice: 'clients must reach the store directly; switch compression off in front of it',
    run: async (session) => {
      const { layer } = await session.image()
      const headers = { 'Accept-Encoding': 'gzip, zstd' }
      const found = await session.follow('GET', `blobs/${layer.digest}`, { headers })
      const { status, body, headers: answered } = found.reply
      const encoding = answered.get('Content-Encoding')
      return {
        seen: `${where(found)}: ${status}, ${body.length} bytes`,
        wrong: firstWrong(
          [status === 200, 'it cannot be read (expected 200)'],
          [encoding === null, `it comes with Content-Encoding: ${encoding}`],
          [digestOf(body) === layer.digest, 'the bytes do not match its digest'],
        ),
      }
    },
  },
  {
    id: 'blob-range',
    asks: 'GET of the last bytes of a blob with Range, as a resumed pull does',
    advice: 'check what is in front of the store: it drops Range',
    run: async (session) => {
      const { layer } = await session.image()
      const size = layer.bytes.length
      const headers = { Range: `bytes=${size - 1000}-${size - 1}` }
      const found = await session.follow('GET', `blobs/${layer.digest}`, { headers })
      const { status, body, headers: answered } = found.reply
      const range = answered.get('Content-Range')
      return {
        seen: `${where(found)}: ${status}, ${range ?? 'no Content-Range'}`,
        wrong: firstWrong(
          [status === 206, 'docker and podman cannot resume interrupted pulls (expected 206)'],
          [range === `bytes ${size - 1000}-${size - 1}/${size}`, 'the range is wrong'],
          [body.equals(layer.bytes.subarray(size - 1000)), 'the bytes are wrong'],
        ),
      }
    },
  },
  {
    id: 'presigned-head',
    asks: 'HEAD of an address presigned for GET',
    advice: 'the store does not check what was signed: use one that does',
    run: async (session) => {
      const { status } = await session.client.send({
        method: 'HEAD',
        url: await presigned(session),
      })
      return {
        seen: `${status}`,
        wrong: firstWrong([status === 403, 'it is served (expected 403)']),
      }
    },
  },
  {
    id: 'presigned-tampered',
    asks: 'GET of a presigned address with a changed signature',
    advice: 'the store does not check signatures: anyone who can reach it can read everything',
    run: async (session) => {
      const url = await presigned(session)
      if (tampered(url) === url) throw new Unmet('the address has no signature known here')
      const { status } = await session.client.send({ method: 'GET', url: tampered(url) })
      return {
        seen: `${status}`,
        wrong: firstWrong([status === 403, 'it is not refused (expected 403)']),
      }
    },
  },
  {
    id: 'bucket-private',
    asks: 'GET of the same address without a signature',
    advice: 'block public access to the bucket',
    run: async (session) => {
      const [url = ''] = (await presigned(session)).split('?')
      const { status } = await session.client.send({ method: 'GET', url })
      return {
        seen: `${status}`,
        wrong: firstWrong([status === 403, 'the bucket is not private (expected 403)']),
      }
    },
  },
]
