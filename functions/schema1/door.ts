/**
 * What the API asks of schema 1. Nothing behind it is loaded where it is off.
 *
 * @module
 */

import type { StoredManifest } from '../registry/manifests.ts'
import type { ReadManifest } from '../registry/push-manifest.ts'
import type { Digest, Reference } from '../registry/reference.ts'

/** A push in schema 1, verified. */
export interface Schema1Push {
  /** What is signed: it is stored, and has the digest. */
  readonly payload: Uint8Array
  readonly read: ReadManifest
}

/** A manifest as it is sent. */
export type Shown = Omit<StoredManifest, 'target'>

export interface Schema1 {
  /**
   * Reads and verifies a push.
   *
   * @param tags those that are to point at it
   * @returns undefined for manifests of other kinds
   * @throws Schema1Error MANIFEST_INVALID, MANIFEST_UNVERIFIED
   */
  push(
    name: string,
    tags: readonly string[],
    bytes: Uint8Array,
    contentType: string | undefined,
  ): Promise<Schema1Push | undefined>
  /**
   * How a client gets a manifest: one of schema 1 with its signatures; another one, by tag, in schema 1 if the client
   * says that it takes nothing else.
   *
   * @param reference what it asked for
   * @param accept the request's Accept
   * @returns undefined for what is sent as it is stored
   * @throws Schema1Error MANIFEST_UNKNOWN for what cannot be said in schema 1
   */
  show(
    name: string,
    reference: Reference,
    stored: StoredManifest,
    accept: string | undefined,
  ): Promise<Shown | undefined>
  /** The bytes of a layer that every image has in schema 1, whether it was pushed or not; undefined for others. */
  layer(digest: Digest): Uint8Array<ArrayBuffer> | undefined
}
