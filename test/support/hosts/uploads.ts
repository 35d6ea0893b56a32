/**
 * Steps of uploads, for tables.
 *
 * @module
 */

import type { Content } from './content.ts'
import type { Exchange } from './exchange.ts'

/** The repository that uploads go to. */
export const NAME = 'a/b'

/** A POST that begins an upload. */
export const start = (query = ''): Exchange => ({
  send: `POST /v2/${NAME}/blobs/uploads/${query}`,
  status: 202,
})

async function* inPieces(bytes: Buffer, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** A body whose length is not told; made anew at each sending. */
export const stream = (bytes: Buffer): AsyncIterable<Uint8Array> => ({
  [Symbol.asyncIterator]: () => inPieces(bytes),
})

/** What an answer says of an upload that has this many bytes. */
export const received = (size: number): Exchange['expect'] => ({
  Location: /^\/v2\/a\/b\/blobs\/uploads\/[0-9a-f-]{36}\?_state=/,
  Range: `0-${Math.max(size - 1, 0)}`,
  'Docker-Upload-UUID': /^[0-9a-f-]{36}$/,
  'Content-Length': '0',
})

/** PATCHes that bring the bytes from `first` on in chunks, with Content-Range. */
export const chunks = (bytes: Buffer, size: number, first = 0, target = '@'): Exchange[] =>
  Array.from({ length: Math.ceil((bytes.length - first) / size) }, (_, index) => {
    const at = first + index * size
    const chunk = bytes.subarray(at, at + size)
    return {
      send: `PATCH ${target}`,
      headers: {
        'Content-Range': `${at}-${at + chunk.length - 1}`,
        'Content-Type': 'application/octet-stream',
      },
      body: chunk,
      status: 202,
      expect: received(at + chunk.length),
    }
  })

/** A PATCH without Content-Range, after which the upload has `size` bytes. */
export const patch = (body: Exchange['body'], size: number): Exchange => ({
  send: 'PATCH @',
  body,
  status: 202,
  answer: '',
  expect: received(size),
})

/** The PUT that ends an upload, with what is missing of its bytes. */
export const put = (
  digest: string,
  body?: Exchange['body'],
  headers: Exchange['headers'] = {},
): Exchange => ({
  send: `PUT @&digest=${digest}`,
  body,
  headers,
  status: 201,
  answer: '',
  expect: {
    Location: `/v2/${NAME}/blobs/${digest}`,
    'Docker-Content-Digest': digest,
    'Content-Length': '0',
  },
})

/** The blob as a client finds it. */
export const read = ({ bytes }: Content, digest: string): Exchange[] => [
  {
    send: `HEAD /v2/${NAME}/blobs/${digest}`,
    status: 200,
    expect: { 'Content-Length': String(bytes.length) },
  },
  { send: `GET /v2/${NAME}/blobs/${digest}`, status: 200, answer: bytes },
]

/** A chunk that is refused by an upload of so many bytes. */
export const refused =
  (size: number) =>
  (step: Exchange): Exchange => ({
    ...step,
    status: 416,
    error: 'RANGE_INVALID',
    expect: { Range: `0-${size - 1}`, Location: /\?_state=/ },
  })
