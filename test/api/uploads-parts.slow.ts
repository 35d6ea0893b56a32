/**
 * The state of uploads whose bytes are parts of the store already: cancelling, repeated requests.
 *
 * @module
 */

import { blob } from '../support/hosts/content.ts'
import { onEveryHost } from '../support/hosts/every.ts'
import { type Row, table } from '../support/hosts/exchange.ts'
import { chunks, put, read, refused, start } from '../support/hosts/uploads.ts'

const MIB = 1024 * 1024
const PARTS = blob('retried parts', 14 * MIB)
const unknown = { status: 404, error: 'BLOB_UPLOAD_UNKNOWN' } as const

const ROWS: readonly Row[] = [
  {
    description: 'cancelling an upload with parts',
    steps: [
      start(),
      ...chunks(blob('parts', 13 * MIB).bytes, 4 * MIB).map((step) => ({ ...step, keep: 'one' })),
      { send: 'DELETE @', status: 204 },
      { send: 'GET @one', ...unknown },
      { send: 'DELETE @one', ...unknown },
      { send: `PUT @one&digest=${blob('parts', 13 * MIB).sha256}`, ...unknown },
    ],
  },
  {
    description: 'a PUT that is repeated is answered alike: of parts',
    steps: [
      start(),
      ...chunks(PARTS.bytes, 4 * MIB).map((step) => ({ ...step, keep: 'last' })),
      { ...put(PARTS.sha256), send: `PUT @last&digest=${PARTS.sha256}` },
      { ...put(PARTS.sha256), send: `PUT @last&digest=${PARTS.sha256}` },
      ...read(PARTS, PARTS.sha256),
    ],
  },
  {
    description: 'parts that are repeated from the older Location are told where to go on',
    steps: [
      start(),
      { ...chunks(PARTS.bytes.subarray(0, 3 * MIB), 3 * MIB)[0]!, keep: 'older' },
      ...chunks(PARTS.bytes.subarray(0, 6 * MIB), 3 * MIB, 3 * MIB),
      ...chunks(PARTS.bytes.subarray(0, 6 * MIB), 3 * MIB, 3 * MIB, '@older').map(refused(6 * MIB)),
      ...chunks(PARTS.bytes, 3 * MIB, 6 * MIB),
      put(PARTS.sha256),
      ...read(PARTS, PARTS.sha256),
    ],
  },
]

onEveryHost((host) => table(host, ROWS))
