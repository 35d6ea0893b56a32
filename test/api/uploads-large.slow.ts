/**
 * Uploads of more bytes than one part of the store takes, in chunks of fewer, and in one request.
 *
 * @module
 */

import { blob, type Content } from '../support/hosts/content.ts'
import { onEveryHost } from '../support/hosts/every.ts'
import { type Row, table } from '../support/hosts/exchange.ts'
import { chunks, NAME, patch, put, read, start, stream } from '../support/hosts/uploads.ts'

const MIB = 1024 * 1024

/** Chunks too small to be parts of S3, and more of them than a state names. */
const SMALL = blob('many small', 13 * MIB + 12345)
const LARGE = blob('large', 17 * MIB + 1)
const SIZES: readonly Row[] = [
  {
    description: 'chunks of 512 KiB, together more than a part',
    steps: [
      start(),
      ...chunks(SMALL.bytes, MIB / 2),
      put(SMALL.sha256),
      ...read(SMALL, SMALL.sha256),
    ],
  },
  {
    description: 'chunks of 1 MiB with sha512',
    steps: [start(), ...chunks(SMALL.bytes, MIB), put(SMALL.sha512), ...read(SMALL, SMALL.sha512)],
  },
  {
    description: 'chunks of 4 MiB, the last in the PUT',
    steps: [
      start(),
      ...chunks(LARGE.bytes.subarray(0, 16 * MIB), 4 * MIB),
      put(LARGE.sha256, LARGE.bytes.subarray(16 * MIB)),
      ...read(LARGE, LARGE.sha256),
    ],
  },
]

/** Requests with more bytes than a Lambda function can receive. */
const [PATCHED, STREAMED, PUT_512, PUT_256] = ['patched', 'streamed', '512', '256'].map((seed) =>
  blob(`huge ${seed}`, 17 * MIB + 1),
) as [Content, Content, Content, Content]
const HUGE: readonly Row[] = [
  {
    description: 'a PATCH of 17 MiB',
    steps: [
      start(),
      patch(PATCHED.bytes, PATCHED.bytes.length),
      put(PATCHED.sha256),
      ...read(PATCHED, PATCHED.sha256),
    ],
  },
  {
    description: 'a streamed PATCH of 17 MiB, then one of a byte',
    steps: [
      start(),
      patch(stream(STREAMED.bytes.subarray(0, 17 * MIB)), 17 * MIB),
      patch(STREAMED.bytes.subarray(17 * MIB), 17 * MIB + 1),
      put(STREAMED.sha256),
      ...read(STREAMED, STREAMED.sha256),
    ],
  },
  {
    description: 'a PUT of 17 MiB',
    steps: [start(), put(PUT_256.sha256, PUT_256.bytes), ...read(PUT_256, PUT_256.sha256)],
  },
  {
    description: 'a streamed PUT of 17 MiB with sha512',
    steps: [start(), put(PUT_512.sha512, stream(PUT_512.bytes)), ...read(PUT_512, PUT_512.sha512)],
  },
  {
    description: 'a PUT of 17 MiB under a wrong digest',
    steps: [
      start(),
      {
        send: `PUT @&digest=${blob('none', 1).sha256}`,
        body: LARGE.bytes,
        status: 400,
        error: 'DIGEST_INVALID',
      },
      { send: `HEAD /v2/${NAME}/blobs/${blob('none', 1).sha256}`, status: 404 },
    ],
  },
]

/** What the gateway itself refuses. */
const TOO_LARGE: readonly Row[] = [
  {
    description: 'a PATCH of 17 MiB does not pass the gateway',
    steps: [
      start(),
      {
        send: 'PATCH @',
        body: LARGE.bytes,
        status: 413,
        json: { message: 'Request Entity Too Large' },
      },
    ],
  },
]

onEveryHost((host) => {
  table(host, SIZES)
  if (host.gateway && !host.edge) table(host, TOO_LARGE)
  // Redirects do not affect uploads, and these rows are slow.
  else if (!host.redirects) table(host, HUGE)
})
