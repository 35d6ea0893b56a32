/**
 * Registries that are wrong about pushes of blobs.
 *
 * @module
 */

import {
  BLOB,
  change,
  gatewaySays,
  headers,
  larger,
  on,
  PATCH,
  START,
  status,
  UPLOAD,
  type Wrong,
} from './changes.ts'

/** One row for each way. */
export const WRONG_PUSHES: readonly Wrong[] = [
  {
    check: 'upload-start',
    how: 'uploads go on at another host',
    distortion: change(START, headers({ location: 'https://other.example/v2/a/blobs/uploads/1' })),
    says: /it points to other\.example/,
  },
  {
    check: 'upload-start',
    how: 'two Locations',
    distortion: change(START, headers({ location: ['/v2/a', '/v2/a'] })),
    says: /there are 2 Locations/,
  },
  {
    check: 'upload-start',
    how: 'a Location beside /v2/',
    distortion: change(START, headers({ location: '/uploads/1' })),
    says: /lacks \/v2\//,
  },
  {
    check: 'upload-start',
    how: 'an encoded Location',
    distortion: change(START, headers({ location: '/v2/a%20b' })),
    says: /its path is encoded/,
  },
  {
    check: 'upload-start',
    how: 'pushes are forbidden',
    distortion: change(START, gatewaySays(403)),
    says: /no upload starts.*\n.*let the user push/,
  },
  {
    check: 'put',
    how: 'a push ends with 200, as S3 would',
    distortion: change(on('PUT', UPLOAD), status(200)),
    says: /not stored \(expected 201\)/,
  },
  {
    check: 'put',
    how: 'no Docker-Content-Digest',
    distortion: change(on('PUT', UPLOAD), headers({ 'docker-content-digest': undefined })),
    says: /no Docker-Content-Digest, which docker up to 29\.0 requires/,
  },
  {
    check: 'put',
    how: 'no Location',
    distortion: change(on('PUT', UPLOAD), headers({ location: undefined })),
    says: /there is no Location/,
  },
  {
    check: 'patch',
    how: 'a wrong Range',
    distortion: change(PATCH, headers({ range: '0-0' })),
    says: /docker writes a wrong size/,
  },
  {
    check: 'patch-chunked',
    how: 'bodies without a length are refused',
    distortion: change((asked) => asked.chunked === true, gatewaySays(411)),
    says: /PATCH 411.*\n.*not accepted.*\n.*refuses chunked bodies/,
  },
  {
    check: 'chunks',
    how: 'Content-Range is lost on the way',
    distortion: {
      request: ({ headers: { 'content-range': _, ...others }, ...asked }) => ({
        ...asked,
        headers: others,
      }),
    },
    says: /a chunk out of order is not refused/,
  },
  {
    check: 'chunks',
    how: 'an upload tells nobody where it stands',
    distortion: change(on('GET', UPLOAD), gatewaySays(404)),
    says: /its status cannot be read/,
  },
  {
    check: 'upload-status',
    how: 'HEAD is refused',
    distortion: change(on('HEAD', UPLOAD), status(405)),
    says: /its status cannot be read/,
  },
  {
    check: 'wrong-digest',
    how: 'a wrong digest is accepted',
    distortion: change(on('PUT', UPLOAD), (_, passed) => ({ ...passed, status: 201 })),
    says: /not refused \(expected 400\)/,
  },
  {
    check: 'wrong-digest',
    how: 'what was refused can be read',
    distortion: change(on('HEAD', BLOB), status(200)),
    says: /it can be read/,
  },
  {
    check: 'mount',
    how: 'mounts become uploads',
    distortion: change((asked) => START(asked) && asked.url.includes('mount='), status(202)),
    says: /not mounted \(expected 201\)/,
  },
  {
    check: 'body-4.5MB',
    how: 'bodies of 4 MB are too large',
    distortion: change(larger(4_000_000), gatewaySays(413)),
    says: /not accepted \(expected 202\)\n.*regctl --blob-chunk/,
  },
  ...[5, 7, 11].map((size) => ({
    check: `body-${size}MB`,
    how: 'large bodies fail',
    distortion: change(larger(size * 1_000_000), gatewaySays(503)),
    says: /503: "no" of the gateway.*\n.*the refusal is not a 413/,
  })),
  {
    check: 'body-11MB',
    how: 'the connection is cut instead of an answer',
    distortion: change(larger(11_000_000), () => undefined),
    says: /there was no response/,
  },
]
