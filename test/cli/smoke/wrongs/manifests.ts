/**
 * Registries that are wrong about manifests.
 *
 * @module
 */

import { body, change, gatewaySays, headers, MANIFEST, on, type Wrong } from './changes.ts'

/** One row for each way. */
export const WRONG_MANIFESTS: readonly Wrong[] = [
  {
    check: 'manifest-put',
    how: 'no Docker-Content-Digest',
    distortion: change(on('PUT', MANIFEST), headers({ 'docker-content-digest': undefined })),
    says: /no Docker-Content-Digest, which docker shows/,
  },
  ...['manifest-head', 'manifest-head-digest'].flatMap((check) => [
    {
      check,
      how: 'length 0',
      distortion: change(on('HEAD', MANIFEST), headers({ 'content-length': '0' })),
      says: /200, 0 bytes\n.*Content-Length is 0.*\n.*manifestHeads to redirect \(SLIPWAY_MANIFEST_HEADS=redirect\)/,
    },
    {
      check,
      how: 'no length',
      distortion: change(on('HEAD', MANIFEST), headers({ 'content-length': undefined })),
      says: /no bytes\n.*there is no Content-Length.*\n.*SLIPWAY_MANIFEST_HEADS/,
    },
    {
      check,
      how: 'another type',
      distortion: change(on('HEAD', MANIFEST), headers({ 'content-type': 'text/html' })),
      says: /its type is text\/html/,
    },
    {
      check,
      how: 'no digest',
      distortion: change(on('HEAD', MANIFEST), headers({ 'docker-content-digest': undefined })),
      says: /there is no Docker-Content-Digest/,
    },
  ]),
  {
    check: 'manifest-get',
    how: 'JSON is written anew',
    distortion: change(
      on('GET', MANIFEST),
      body((text) => JSON.stringify(JSON.parse(text), null, 1)),
    ),
    says: /bytes received differ.*\n.*something in front changes responses/,
  },
  {
    check: 'manifest-get',
    how: 'a type nobody accepted',
    distortion: change(on('GET', MANIFEST), headers({ 'content-type': 'application/json' })),
    says: /its type is application\/json/,
  },
  {
    check: 'manifest-unchanged',
    how: 'If-None-Match is lost',
    distortion: {
      request: ({ headers: { 'if-none-match': _, ...others }, ...asked }) => ({
        ...asked,
        headers: others,
      }),
    },
    says: /it is sent again in full/,
  },
  {
    check: 'manifest-4MiB',
    how: 'large manifests are refused',
    distortion: change(
      (asked) => on('PUT', MANIFEST)(asked) && (asked.body?.length ?? 0) > 1_000_000,
      gatewaySays(413),
    ),
    says: /PUT 413\n.*not accepted/,
  },
  {
    check: 'manifest-4MiB',
    how: 'large answers fail',
    distortion: change(
      (asked) => on('GET', MANIFEST)(asked),
      (asked, passed) =>
        passed.body.length > 1_000_000 ? gatewaySays(500)(asked, passed) : passed,
    ),
    says: /bytes received differ.*/,
  },
]
