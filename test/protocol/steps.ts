/**
 * Requests that touch every endpoint, right and wrong, one after another on one registry.
 *
 * @module
 */

import { OCI_INDEX, OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import {
  blob,
  CONFIG,
  type Content,
  contentOf,
  imageOf,
  indexOf,
} from '../support/hosts/content.ts'

/** One request. */
export interface Step {
  /**
   * Method and target. A target that begins with `@` continues at the last Location, `@name` at the
   * one kept under that name; what follows, from the first `&` or `?`, is added.
   */
  readonly send: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  /** Name to keep the Location of the response under. */
  readonly keep?: string
  /** Whose credentials go with it: Basic for a user, `token` for the last token that was issued. */
  readonly as?: 'alice' | 'bob' | 'mallory' | 'token'
}

const LAYER = blob('layer', 3000)
const OTHER = blob('other', 70_000)
const CHUNKED = blob('chunked', 2500)
const IMAGE = imageOf([LAYER])
const PLAIN = imageOf()
const INDEX = indexOf([IMAGE])
const ARTIFACT = imageOf([], {
  artifactType: 'application/vnd.example.sbom',
  subject: { mediaType: OCI_MANIFEST, digest: IMAGE.sha256, size: IMAGE.bytes.length },
})
const MISSING = contentOf('nowhere')
const LACKING = imageOf([MISSING])

const octets = { 'Content-Type': 'application/octet-stream' }
const manifest = { 'Content-Type': OCI_MANIFEST }
const range = (value: string) => ({ ...octets, 'Content-Range': value })

/** A request for the only part of a blob. */
const wantedOf = ({ bytes, sha256 }: Content): string =>
  JSON.stringify({
    digest: sha256,
    size: bytes.length,
    partSize: bytes.length,
    parts: [{ number: 1, sha256: sha256.slice('sha256:'.length) }],
  })

const sends = (...lines: readonly string[]): Step[] => lines.map((send) => ({ send }))

/** Requests that need nothing to be there. */
const EMPTY: readonly Step[] = sends(
  'GET /',
  'GET /livez',
  'GET /readyz',
  'GET /v2/',
  'HEAD /v2/',
  'GET /v2',
  'POST /v2/',
  'GET /v1/_ping',
  'POST /v1/_ping',
  'GET /v1/search?q=app',
  'GET /v1/search?q=app&n=many',
  'GET /v1/other',
  'GET /api/v1/search?q=app',
  'GET /api/v1/search?tag=v1',
  'GET /api/v1/search?digest=none',
  'GET /v2/_catalog',
  'GET /v2/_catalog?n=0',
  'GET /v2/_catalog?n=many',
  'GET /v2/app/tags/list',
  'GET /v2/app/manifests/latest',
  'HEAD /v2/app/manifests/latest',
  `GET /v2/app/manifests/${IMAGE.sha256}`,
  `GET /v2/app/blobs/${LAYER.sha256}`,
  `HEAD /v2/app/blobs/${LAYER.sha256}`,
  `DELETE /v2/app/blobs/${LAYER.sha256}`,
  `DELETE /v2/app/manifests/${IMAGE.sha256}`,
  'DELETE /v2/app/manifests/latest',
  'GET /v2/app/blobs/sha256:short',
  'GET /v2/app/blobs/md5:d41d8cd98f00b204e9800998ecf8427e',
  'GET /v2/App/tags/list',
  'GET /v2/a//b/tags/list',
  'GET /v2/a/../b/tags/list',
  'GET /v2/app/manifests/-bad',
  `GET /v2/app/referrers/${IMAGE.sha256}`,
  'GET /v2/app/referrers/latest',
  'GET /token?service=slipway',
  'POST /token',
  'PUT /token',
  'GET /.well-known/jwks.json',
  'POST /.well-known/jwks.json',
)

/** Every path with methods that it does not take. */
const METHODS: readonly Step[] = [
  '/v2/',
  '/v2/_catalog',
  '/v2/app/tags/list',
  `/v2/app/referrers/${IMAGE.sha256}`,
  '/v2/app/manifests/latest',
  '/v2/app/blobs/uploads/',
  '/v2/app/blobs/uploads/00000000-0000-4000-8000-000000000000',
  `/v2/app/blobs/${LAYER.sha256}`,
].flatMap((path) =>
  ['OPTIONS', 'PATCH', 'PUT', 'DELETE', 'POST'].map((method) => ({ send: `${method} ${path}` })),
)

const PUSHES: readonly Step[] = [
  {
    send: `POST /v2/app/blobs/uploads/?digest=${CONFIG.sha256}`,
    headers: octets,
    body: CONFIG.bytes,
  },
  { send: `HEAD /v2/app/blobs/${CONFIG.sha256}` },
  // As docker pushes.
  { send: 'POST /v2/app/blobs/uploads/' },
  { send: 'PATCH @', headers: octets, body: LAYER.bytes },
  { send: 'GET @', keep: 'layer' },
  { send: `PUT @&digest=${LAYER.sha256}` },
  { send: `PUT @layer&digest=${LAYER.sha256}` },
  // As containerd pushes.
  { send: 'POST /v2/app/blobs/uploads/' },
  { send: `PUT @&digest=${OTHER.sha256}`, headers: octets, body: OTHER.bytes },
  // In chunks.
  { send: 'POST /v2/app/blobs/uploads/', keep: 'first' },
  { send: 'PATCH @', headers: range('0-999'), body: CHUNKED.bytes.subarray(0, 1000) },
  { send: 'PATCH @', headers: range('5-9'), body: CHUNKED.bytes.subarray(5, 10), keep: 'none' },
  { send: 'PATCH @first', headers: range('0-999'), body: CHUNKED.bytes.subarray(0, 1000) },
  { send: 'GET @first' },
  { send: 'PATCH @', headers: range('nonsense'), body: 'x' },
  { send: 'PATCH @', headers: range('1000-2499'), body: CHUNKED.bytes.subarray(1000) },
  { send: 'GET @', keep: 'second' },
  { send: 'PUT @second' },
  { send: 'PUT @second&digest=sha256:bad' },
  { send: `PUT @second&digest=${LAYER.sha256}` },
  { send: `PUT @second&digest=${CHUNKED.sha256}` },
  { send: `HEAD /v2/app/blobs/${CHUNKED.sha256}` },
  // In parts that are sent to the store.
  { send: 'POST /v2/app/blobs/uploads/', headers: { 'Slipway-Upload': 'parts' } },
  { send: 'POST @', body: wantedOf(OTHER), keep: 'parts' },
  { send: 'POST @', body: wantedOf(LAYER) },
  { send: 'POST @parts', body: '{}' },
  { send: 'GET @parts' },
  { send: `PUT @parts&digest=${OTHER.sha256}` },
  { send: 'PATCH @parts', headers: octets, body: 'bytes' },
  { send: 'DELETE @parts' },
  { send: 'GET @parts' },
  // Wrong from the start.
  { send: `POST /v2/app/blobs/uploads/?digest=${MISSING.sha256}`, headers: octets, body: 'else' },
  { send: 'POST /v2/app/blobs/uploads/?digest=nonsense', headers: octets, body: 'else' },
  { send: 'POST /v2/app/blobs/uploads/?digest-algorithm=md5' },
  { send: 'POST /v2/APP/blobs/uploads/' },
  { send: 'PATCH /v2/app/blobs/uploads/00000000-0000-4000-8000-000000000000', body: 'x' },
  {
    send: 'PATCH /v2/app/blobs/uploads/00000000-0000-4000-8000-000000000000?_state=AAAA',
    body: 'x',
  },
  { send: 'GET /v2/app/blobs/uploads/nonsense?_state=AAAA' },
  // Cancelled.
  { send: 'POST /v2/app/blobs/uploads/' },
  { send: 'PATCH @', headers: octets, body: 'some bytes', keep: 'cancelled' },
  { send: 'DELETE @cancelled' },
  { send: 'GET @cancelled' },
  { send: 'PATCH @cancelled', headers: octets, body: 'more' },
  { send: 'DELETE @cancelled' },
  // sha512.
  {
    send: `POST /v2/app/blobs/uploads/?digest=${CONFIG.sha512}`,
    headers: octets,
    body: CONFIG.bytes,
  },
  { send: `HEAD /v2/app/blobs/${CONFIG.sha512}` },
  // Mounts.
  { send: `POST /v2/lib/blobs/uploads/?mount=${LAYER.sha256}&from=app` },
  { send: `POST /v2/lib/blobs/uploads/?mount=${CONFIG.sha256}` },
  { send: `POST /v2/lib/blobs/uploads/?mount=${MISSING.sha256}&from=app` },
  { send: `POST /v2/lib/blobs/uploads/?mount=nonsense&from=app` },
]

const MANIFESTS: readonly Step[] = [
  { send: 'PUT /v2/app/manifests/latest', headers: manifest, body: IMAGE.bytes },
  { send: 'PUT /v2/app/manifests/latest', headers: manifest, body: IMAGE.bytes },
  { send: 'PUT /v2/app/manifests/v1', headers: manifest, body: IMAGE.bytes },
  { send: 'PUT /v2/app/manifests/plain', headers: manifest, body: PLAIN.bytes },
  { send: 'PUT /v2/lib/manifests/1.0', headers: manifest, body: IMAGE.bytes },
  { send: `PUT /v2/app/manifests/${IMAGE.sha256}`, headers: manifest, body: IMAGE.bytes },
  { send: `PUT /v2/app/manifests/${MISSING.sha256}`, headers: manifest, body: IMAGE.bytes },
  { send: 'PUT /v2/app/manifests/many', headers: { 'Content-Type': OCI_INDEX }, body: INDEX.bytes },
  { send: 'PUT /v2/app/manifests/sbom', headers: manifest, body: ARTIFACT.bytes },
  { send: `PUT /v2/app/manifests/${ARTIFACT.sha256}`, headers: manifest, body: ARTIFACT.bytes },
  { send: 'PUT /v2/app/manifests/lacking', headers: manifest, body: LACKING.bytes },
  { send: 'PUT /v2/app/manifests/bad', headers: manifest, body: '{"schemaVersion":' },
  { send: 'PUT /v2/app/manifests/bad', headers: manifest, body: '[]' },
  { send: 'PUT /v2/app/manifests/bad', headers: manifest, body: '{"schemaVersion":1}' },
  {
    send: 'PUT /v2/app/manifests/bad',
    headers: { 'Content-Type': 'text/plain' },
    body: IMAGE.bytes,
  },
  { send: 'PUT /v2/app/manifests/bad', body: '' },
  { send: 'PUT /v2/app/manifests/.bad', headers: manifest, body: IMAGE.bytes },
  {
    send: 'PUT /v2/app/manifests/new',
    headers: { ...manifest, 'If-None-Match': '*' },
    body: PLAIN.bytes,
  },
  {
    send: 'PUT /v2/app/manifests/new',
    headers: { ...manifest, 'If-None-Match': '*' },
    body: PLAIN.bytes,
  },
  {
    send: 'PUT /v2/app/manifests/new',
    headers: { ...manifest, 'If-Match': `"${PLAIN.sha256}"` },
    body: IMAGE.bytes,
  },
  {
    send: 'PUT /v2/app/manifests/new',
    headers: { ...manifest, 'If-Match': `"${PLAIN.sha256}"` },
    body: IMAGE.bytes,
  },
]

const READS: readonly Step[] = [
  ...sends(
    'GET /v2/app/manifests/latest',
    'HEAD /v2/app/manifests/latest',
    `GET /v2/app/manifests/${IMAGE.sha256}`,
    `HEAD /v2/app/manifests/${IMAGE.sha256}`,
    'GET /v2/app/manifests/many',
    'GET /v2/app/manifests/absent',
    `GET /v2/app/manifests/${MISSING.sha256}`,
    `GET /v2/app/blobs/${LAYER.sha256}`,
    `HEAD /v2/app/blobs/${LAYER.sha256}`,
    `GET /v2/app/blobs/${CONFIG.sha512}`,
    `GET /v2/app/blobs/${MISSING.sha256}`,
    `HEAD /v2/other/blobs/${LAYER.sha256}`,
    'GET /v2/_catalog',
    'GET /v2/_catalog?n=1',
    'GET /v2/_catalog?n=1&last=app',
    'GET /v2/app/tags/list',
    'GET /v2/app/tags/list?n=2',
    'GET /v2/app/tags/list?n=2&last=latest',
    'GET /v2/app/tags/list?n=0',
    'GET /v2/app/tags/list?n=-1',
    'GET /v2/absent/tags/list',
    `GET /v2/app/referrers/${IMAGE.sha256}`,
    `GET /v2/app/referrers/${IMAGE.sha256}?artifactType=application/vnd.example.sbom`,
    `GET /v2/app/referrers/${IMAGE.sha256}?artifactType=other`,
    `GET /v2/app/referrers/${MISSING.sha256}`,
  ),
  { send: 'GET /v2/app/manifests/latest', headers: { Accept: 'application/json' } },
  { send: 'GET /v2/app/manifests/latest', headers: { Accept: '*/*' } },
  { send: 'GET /v2/app/manifests/latest', headers: { 'If-None-Match': `"${IMAGE.sha256}"` } },
  { send: 'GET /v2/app/manifests/latest', headers: { 'If-None-Match': '"other"' } },
  { send: `GET /v2/app/blobs/${LAYER.sha256}`, headers: { 'If-None-Match': `"${LAYER.sha256}"` } },
  ...['bytes=0-9', 'bytes=-10', 'bytes=2990-', 'bytes=9-0', 'bytes=9000-', 'lines=1-2'].map(
    (Range) => ({
      send: `GET /v2/app/blobs/${LAYER.sha256}`,
      headers: { Range },
    }),
  ),
]

const DELETES: readonly Step[] = sends(
  'DELETE /v2/app/manifests/v1',
  'DELETE /v2/app/manifests/v1',
  'GET /v2/app/manifests/v1',
  `DELETE /v2/app/manifests/${ARTIFACT.sha256}`,
  `GET /v2/app/referrers/${IMAGE.sha256}`,
  `DELETE /v2/app/manifests/${IMAGE.sha256}`,
  `DELETE /v2/app/manifests/${IMAGE.sha256}`,
  'GET /v2/app/manifests/latest',
  'GET /v2/app/tags/list',
  `DELETE /v2/app/blobs/${LAYER.sha256}`,
  `DELETE /v2/app/blobs/${LAYER.sha256}`,
  `GET /v2/app/blobs/${LAYER.sha256}`,
  `HEAD /v2/lib/blobs/${LAYER.sha256}`,
  'GET /v2/lib/manifests/1.0',
  'DELETE /api/v1/repositories/Lib',
  'DELETE /api/v1/repositories/none/such',
  'DELETE /api/v1/repositories/lib',
  'DELETE /api/v1/repositories/lib',
  'GET /api/v1/repositories/lib',
  'GET /v2/lib/manifests/1.0',
  'GET /v2/lib/tags/list',
)

/** What is pushed, read and deleted, without credentials. */
export const CONTENT: readonly Step[] = [...PUSHES, ...MANIFESTS, ...READS, ...DELETES]

/** All of it, without credentials. */
export const OPEN: readonly Step[] = [...EMPTY, ...METHODS, ...CONTENT]

/** A registry that takes no writes. */
export const READ_ONLY: readonly Step[] = [...EMPTY, ...METHODS, ...PUSHES.slice(0, 3)]

const form = (fields: Readonly<Record<string, string>>): Pick<Step, 'headers' | 'body'> => ({
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams(fields).toString(),
})

const SCOPE = 'repository:app:pull,push'

/** What an anonymous caller, users with and without rights, and bad credentials get. */
const BASIC: readonly Step[] = [
  ...sends(
    'GET /v2/',
    'GET /v2/_catalog',
    'GET /v2/app/manifests/latest',
    'POST /v2/app/blobs/uploads/',
    `POST /v2/lib/blobs/uploads/?mount=${LAYER.sha256}&from=app`,
    `DELETE /v2/app/manifests/${IMAGE.sha256}`,
  ),
  { send: 'GET /v2/', as: 'mallory' },
  { send: 'GET /v2/', as: 'alice' },
  { send: 'GET /v2/_catalog', as: 'alice' },
  { send: 'GET /v2/', headers: { Authorization: 'Basic nonsense' } },
  { send: 'GET /v2/', headers: { Authorization: 'Bearer nonsense' } },
  { send: 'GET /v2/', headers: { Authorization: 'Digest nonsense' } },
  {
    send: `POST /v2/app/blobs/uploads/?digest=${CONFIG.sha256}`,
    headers: octets,
    body: CONFIG.bytes,
    as: 'alice',
  },
  { send: 'GET /v2/app/tags/list', as: 'bob' },
  { send: 'POST /v2/app/blobs/uploads/', as: 'bob' },
  { send: 'POST /v2/app/blobs/uploads/', as: 'alice' },
  { send: `PUT @&digest=${LAYER.sha256}`, headers: octets, body: LAYER.bytes },
]

const TOKENS: readonly Step[] = [
  { send: 'GET /token?service=slipway', as: 'mallory' },
  { send: 'GET /token?service=other', as: 'alice' },
  { send: 'GET /token?service=slipway&scope=nonsense', as: 'alice' },
  { send: 'GET /token?service=slipway', headers: { Authorization: 'Bearer x' } },
  {
    send: 'POST /token',
    ...form({ grant_type: 'password', username: 'alice', password: 'wrong', service: 'slipway' }),
  },
  { send: 'POST /token', ...form({ grant_type: 'other' }) },
  {
    send: 'POST /token',
    ...form({ grant_type: 'refresh_token', refresh_token: 'x', service: 'slipway' }),
  },
  { send: 'POST /token', headers: { 'Content-Type': 'application/json' }, body: '{}' },
  { send: `GET /token?service=slipway&scope=${SCOPE}`, as: 'bob' },
  { send: 'POST /v2/app/blobs/uploads/', as: 'token' },
  { send: 'GET /v2/app/tags/list', as: 'token' },
  { send: `GET /token?service=slipway&scope=${SCOPE},delete&offline_token=true`, as: 'alice' },
  { send: 'GET /v2/', as: 'token' },
  { send: 'PUT /v2/app/manifests/latest', headers: manifest, body: PLAIN.bytes, as: 'token' },
  { send: 'GET /v2/app/manifests/latest', as: 'token' },
  { send: 'GET /v2/app/manifests/latest', as: 'token' },
  { send: `GET /v2/app/blobs/${CONFIG.sha256}`, as: 'token' },
  { send: `HEAD /v2/app/blobs/${CONFIG.sha256}`, as: 'token' },
  { send: 'GET /v2/lib/tags/list', as: 'token' },
  { send: 'GET /v2/_catalog', as: 'token' },
  { send: `DELETE /v2/app/manifests/${PLAIN.sha256}`, as: 'token' },
  { send: 'GET /.well-known/jwks.json' },
]

/** A registry with accounts, by tokens. */
export const WITH_TOKENS: readonly Step[] = [...EMPTY, ...BASIC, ...TOKENS]

/** A registry with accounts, by Basic credentials alone. */
export const WITH_BASIC: readonly Step[] = [...EMPTY, ...BASIC]
