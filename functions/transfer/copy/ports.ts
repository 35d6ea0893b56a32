/**
 * Where images come from and where they go to, as the engine sees both.
 *
 * @module
 */

import type { Blob } from '../blobs/blob.ts'
import type { Deliver } from '../sender.ts'
import type { Manifest } from '../sources/source.ts'
import type { Descriptor } from './shape.ts'

/** A repository, or what is like one, that images come from. */
export interface Origin {
  /** What messages call it. */
  readonly called: string
  /** All tags, in any order. */
  tags(): Promise<readonly string[]>
  /**
   * A manifest, as it came: the engine compares it with its digest.
   *
   * @param reference a tag or a digest
   * @param mediaType what it should be, where another manifest says so
   * @throws MissingError when it is not there
   */
  manifest(reference: string, mediaType?: string): Promise<Manifest>
  /** What refers to a manifest, whatever way the origin lists that. */
  referrers(digest: string): Promise<readonly Descriptor[]>
  /**
   * A blob, whose bytes are looked for when they are read.
   *
   * @throws MissingError when it is not there
   */
  blob(digest: string, size: number): Promise<Blob>
}

/** A repository, or what is like one, that images go to. */
export interface Destination {
  /** What messages call it. */
  readonly called: string
  /** Whether it has this manifest, and so all that is below it. */
  has(digest: string): Promise<boolean>
  /** The digest that a tag has there. */
  tagged(tag: string): Promise<string | undefined>
  readonly deliver: Deliver
  /** Whether `deliver` compares what comes with its digest before it is there for anybody. */
  readonly verifies: boolean
  /**
   * Takes a manifest; all that it refers to is there.
   *
   * @param tag what names it; undefined: its digest alone
   */
  put(manifest: Manifest, tag: string | undefined): Promise<void>
}
