/**
 * Registries that send uploads to another host, and are wrong about that or about large layers.
 *
 * @module
 */

import {
  ANY,
  BLOB,
  change,
  gatewaySays,
  headers,
  MANIFEST,
  on,
  PATCH,
  PING,
  START,
  status,
  UPLOAD,
  type Wrong,
} from './changes.ts'

const PUT = on('PUT', UPLOAD)
const RIGHT = {}

/** Rows without a large body. */
export const WRONG_UPLOAD_HOSTS: readonly Wrong[] = [
  {
    check: 'location-followed',
    how: 'another registry is there',
    distortion: RIGHT,
    upload: change(PATCH, gatewaySays(404)),
    says: /PATCH 404\n.*the upload does not go on there\n.*compare uploadOrigin/,
  },
  {
    check: 'location-followed',
    how: 'the last request fails there',
    distortion: RIGHT,
    upload: change(PUT, gatewaySays(502)),
    says: /PUT 502.*\n.*does not end there \(expected 201\)/,
  },
  {
    check: 'location-followed',
    how: 'it wants credentials, which clients do not send to another host',
    distortion: RIGHT,
    upload: {
      answer: (asked, passed) =>
        'authorization' in asked.headers ? passed : { ...passed, status: 401 },
    },
    says: /PATCH 401\n/,
  },
  {
    check: 'location-followed',
    how: 'it has another store',
    distortion: change(on('HEAD', BLOB), status(404)),
    upload: RIGHT,
    says: /HEAD here 404\n.*it is another store/,
  },
  {
    check: 'location-followed',
    how: 'it leads beside /v2/',
    distortion: change(START, headers({ location: 'http://127.0.0.1:1/uploads/1' })),
    upload: RIGHT,
    says: /its path lacks \/v2\//,
  },
  {
    check: 'push-host-challenge',
    how: 'something else is there',
    distortion: RIGHT,
    upload: change(PING, gatewaySays(404)),
    says: /404\n.*neither 200 nor 401/,
  },
  {
    check: 'push-host-challenge',
    how: 'the challenge is renamed',
    distortion: RIGHT,
    upload: change(PING, (_, passed) => ({
      ...passed,
      headers: {
        ...passed.headers,
        'www-authenticate': undefined,
        'x-amzn-remapped-www-authenticate': passed.headers['www-authenticate'],
      },
    })),
    says: /is renamed: no client logs in/,
  },
  {
    check: 'push-host-manifest-head',
    how: 'length 0',
    distortion: RIGHT,
    upload: change(on('HEAD', MANIFEST), headers({ 'content-length': '0' })),
    says: /200, 0 bytes\n.*Content-Length is 0/,
  },
]

/** Rows with bodies of 50 MB. */
export const WRONG_LARGE: readonly Wrong[] = [
  {
    check: 'patch-50MB',
    how: 'the upload host refuses it, too',
    distortion: RIGHT,
    upload: change(PATCH, gatewaySays(413)),
    says: /PATCH 413, .*\n.*not accepted \(expected 202\)\n.*give uploads a host/,
  },
  {
    check: 'patch-50MB',
    how: 'less arrives than was sent',
    distortion: RIGHT,
    upload: change(PATCH, headers({ range: '0-4499999' })),
    says: /the Range is not what was sent/,
  },
  {
    check: 'put-50MB',
    how: 'a failure in place of a refusal',
    distortion: change(PUT, gatewaySays(500)),
    says: /PUT 500.*\n.*not stored: PUT 500/,
  },
  {
    check: 'put-50MB',
    how: 'another digest',
    distortion: RIGHT,
    upload: change(PUT, headers({ 'docker-content-digest': `sha256:${'0'.repeat(64)}` })),
    says: /no Docker-Content-Digest, or another one/,
  },
  {
    check: 'push-host-patch-50MB',
    how: 'large bodies are refused',
    distortion: RIGHT,
    upload: change(PATCH, gatewaySays(413)),
    says: /PATCH 413/,
  },
  {
    check: 'push-host-put-50MB',
    how: 'nothing can be started there',
    distortion: RIGHT,
    upload: change(ANY, (asked, passed) =>
      START(asked) ? gatewaySays(403)(asked, passed) : passed,
    ),
    says: /^unknown .*no upload could be started: 403/,
  },
  {
    check: 'push-host-put-50MB',
    how: 'the connection is cut',
    distortion: RIGHT,
    upload: change(PUT, () => undefined),
    says: /there was no response/,
  },
]
