/**
 * The layer of a step that changes no files, such as ENV: in schema 1 every step has one. It is an archive of nothing in
 * gzip, with the bytes that docker has always sent.
 *
 * @module
 */

import type { Digest } from '../registry/reference.ts'

export const EMPTY_LAYER: Digest =
  'sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4'

export const EMPTY_LAYER_BYTES = Buffer.from(
  'H4sIAAAJbogA/2IYBaNgFIxYAAgAAP//Lq+17wAEAAA=',
  'base64',
)
