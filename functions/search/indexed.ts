/**
 * What the index has of a repository.
 *
 * @module
 */

import * as z from '../shared/schema.ts'

const texts = z.record(z.string(), z.string())

const tagSchema = z.object({
  tag: z.string(),
  digest: z.string(),
  /** When it was set: milliseconds, by the clock of the store. */
  at: z.int(),
  /** Version of its link, where the store has such. */
  etag: z.optional(z.string()),
})

const manifestSchema = z.object({
  digest: z.string(),
  /** When it was pushed: milliseconds, by the clock of the store. */
  at: z.int(),
  mediaType: z.string(),
  artifactType: z.optional(z.string()),
  /** Bytes of the manifest. */
  size: z.int(),
  /** The manifest that it refers to. */
  subject: z.optional(z.string()),
  /** Of an image's configuration; of an index, those of its first image. */
  labels: z.optional(texts),
  annotations: z.optional(texts),
  /**
   * `parts`: something of it was not there when it was described, and whoever comes by describes it again. `room`: it
   * has lost labels and annotations, and is described again when it is pushed again.
   */
  lacks: z.optional(z.enum(['parts', 'room'])),
})

/** A line of a bucket: a repository, or a part of it. */
export const lineSchema = z.object({
  name: z.string(),
  tags: z.array(tagSchema),
  manifests: z.array(manifestSchema),
  unsettled: z.optional(z.literal(true)),
})

/** A tag as the index has it. */
export type IndexedTag = z.output<typeof tagSchema>

/** A manifest as the index has it. */
export type IndexedManifest = z.output<typeof manifestSchema>

/** A repository as the index has it: tags and manifests by their names. */
export interface IndexedRepository {
  readonly tags: ReadonlyMap<string, IndexedTag>
  readonly manifests: ReadonlyMap<string, IndexedManifest>
  /** Whether its delete as a whole went on when it was looked at: whoever comes by looks again. */
  readonly unsettled?: true | undefined
}

/** The repositories of a bucket by name. */
export type Shard = ReadonlyMap<string, IndexedRepository>
