/**
 * A registry that is read-only refuses everything that writes, and serves everything else.
 *
 * @module
 */

import { blob } from '../support/hosts/content.ts'
import { onEveryHost } from '../support/hosts/every.ts'
import { type Exchange, singles, table } from '../support/hosts/exchange.ts'

const { sha256 } = blob('anything', 1)
const UUID = '0b1f2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d'

const WRITES = [
  'POST /v2/a/blobs/uploads/',
  `POST /v2/a/blobs/uploads/?mount=${sha256}&from=b`,
  `POST /v2/a/blobs/uploads/?digest=${sha256}`,
  `PATCH /v2/a/blobs/uploads/${UUID}?_state=x`,
  `PUT /v2/a/blobs/uploads/${UUID}?_state=x&digest=${sha256}`,
  `DELETE /v2/a/blobs/uploads/${UUID}?_state=x`,
  'PUT /v2/a/manifests/latest',
  'DELETE /v2/a/manifests/latest',
  `DELETE /v2/a/manifests/${sha256}`,
  `DELETE /v2/a/blobs/${sha256}`,
]

const REFUSED = singles(
  WRITES.map((send): [string, Exchange] => [
    `${send.slice(0, 50)} is refused`,
    {
      send,
      status: 405,
      error: 'UNSUPPORTED',
      message: /^this registry is read-only$/,
      expect: { Allow: 'GET, HEAD' },
    },
  ]),
)

/** What GET of an address for pushes says: no word of what may be sent to it. */
const HIDDEN = singles(
  [
    'GET /v2/a/blobs/uploads/',
    `GET /v2/a/blobs/uploads/${UUID}`,
    `GET /v2/a/blobs/uploads/${UUID}?_state=x`,
  ].map((send): [string, Exchange] => [
    `${send} names nothing to push to`,
    {
      send,
      status: 404,
      error: 'UNSUPPORTED',
      expect: { Allow: null, Location: null, 'Docker-Upload-UUID': null },
    },
  ]),
)

const SERVED = singles([
  ['base', { send: 'GET /v2/', status: 200, json: {} }],
  ['the catalog', { send: 'GET /v2/_catalog', status: 200, json: { repositories: [] } }],
  ['a blob', { send: `GET /v2/a/blobs/${sha256}`, status: 404, error: 'BLOB_UNKNOWN' }],
  ['a manifest', { send: 'GET /v2/a/manifests/x', status: 404, error: 'MANIFEST_UNKNOWN' }],
  ['tags', { send: 'GET /v2/a/tags/list', status: 404, error: 'NAME_UNKNOWN' }],
  ['referrers', { send: `GET /v2/a/referrers/${sha256}`, status: 200, answer: /"manifests":\[\]/ }],
])

onEveryHost((host) => table(host, [...REFUSED, ...HIDDEN, ...SERVED]), { readOnly: true })
