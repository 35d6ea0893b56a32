/**
 * Registries that are wrong about blobs, lists, and requests on their way.
 *
 * @module
 */

import {
  BLOB,
  change,
  gatewaySays,
  headers,
  MANIFEST,
  on,
  status,
  type Wrong,
  withFields,
} from './changes.ts'

/** One row for each way. */
export const WRONG_READS: readonly Wrong[] = [
  {
    check: 'blob-head',
    how: 'length 0',
    distortion: change(on('HEAD', BLOB), headers({ 'content-length': '0' })),
    says: /Content-Length is 0, not 100000: docker pushes broken manifests/,
  },
  {
    check: 'blob-get',
    how: 'blobs are compressed',
    distortion: change(on('GET', BLOB), headers({ 'content-encoding': 'gzip' })),
    says: /Content-Encoding: gzip/,
  },
  {
    check: 'blob-get',
    how: 'bytes are lost',
    distortion: change(on('GET', BLOB), (_, passed) => ({
      ...passed,
      body: passed.body.subarray(1),
    })),
    says: /do not match its digest/,
  },
  {
    check: 'blob-get',
    how: 'a redirect to where nobody is',
    distortion: change(on('GET', BLOB), () => ({
      status: 307,
      headers: { location: 'http://127.0.0.1:1/blob' },
      body: Buffer.alloc(0),
    })),
    says: /ECONNREFUSED.*\n.*there was no response\n.*clients must reach the store/,
  },
  {
    check: 'tags',
    how: 'no Link',
    distortion: change(on('GET', /tags\/list$/), headers({ link: undefined })),
    says: /there is no Link to the next page/,
  },
  {
    check: 'tags',
    how: 'the query is lost',
    distortion: {
      request: (asked) => ({ ...asked, url: asked.url.replace(/tags\/list\?.*/, 'tags/list') }),
    },
    says: /there is no Link to the next page/,
  },
  {
    check: 'referrers',
    how: 'a list of another type',
    distortion: change(on('GET', /referrers/), headers({ 'content-type': 'application/json' })),
    says: /its type is application\/json, which oras refuses/,
  },
  {
    check: 'referrers',
    how: 'an empty list',
    distortion: change(on('GET', /referrers/), withFields({ manifests: [] })),
    says: /it is not in the list/,
  },
  {
    check: 'referrers',
    how: 'no OCI-Subject',
    distortion: change(on('PUT', MANIFEST), headers({ 'oci-subject': undefined })),
    says: /there is no OCI-Subject/,
  },
  {
    check: 'not-found',
    how: 'the gateway answers',
    distortion: change(on('GET', /no-such-tag/), gatewaySays(404)),
    says: /not JSON with MANIFEST_UNKNOWN/,
  },
  {
    check: 'blob-not-found',
    how: 'S3 answers without the right to list',
    distortion: change(on('HEAD', BLOB), status(403)),
    says: /it is not 404/,
  },
  {
    check: 'wrong-method',
    how: 'the gateway answers',
    distortion: change(on('PUT', /^\/v2\/$/), gatewaySays(403)),
    says: /the status is not 405/,
  },
  {
    check: 'path-encoded',
    how: 'paths are encoded once more',
    distortion: {
      request: (asked) => ({ ...asked, url: asked.url.replace('/sha256%3A', '/sha256%253A') }),
    },
    says: /encoded paths are not understood/,
  },
  {
    check: 'path-slash',
    how: 'the gateway answers',
    distortion: change(on('GET', /%2F/), gatewaySays(404)),
    says: /neither served nor refused by the registry/,
  },
  {
    check: 'header-5KiB',
    how: 'long headers are refused',
    distortion: change((asked) => asked.url.includes('tags/list'), gatewaySays(431)),
    says: /431\n.*does not reach the registry/,
  },
  {
    check: 'header-12KiB',
    how: 'long headers fail',
    distortion: change((asked) => asked.url.includes('tags/list'), gatewaySays(502)),
    says: /reported as a failure/,
  },
]
