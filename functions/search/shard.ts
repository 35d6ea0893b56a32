/**
 * What the index knows of the repositories in one bucket: an object of lines of JSON, compressed. The first line says
 * the version, each other is a repository.
 *
 * A shard that is damaged, or of another version, counts as an empty one: whoever mends the index writes it anew.
 *
 * @module
 */

import * as z from '../shared/schema.ts'
import { inTurns, type Steps } from '../shared/turns.ts'
import { discard, readAll } from '../storage/bytes.ts'
import { putUnlessChanged } from '../storage/read-or-create.ts'
import type { ObjectStore } from '../storage/store.ts'
import { compress, decompress } from './compress.ts'
import { shardKey } from './keys.ts'

/** Most bytes of a shard, compressed. */
const MAX_BYTES = 64 * 1024 * 1024
/** The same once it is not. */
const MAX_TEXT = 8 * MAX_BYTES

const VERSION = 1

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
  /** Set where something of it was not there when it was described: whoever comes by describes it again. */
  lacks: z.optional(z.literal('parts')),
})

const lineSchema = z.object({
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

/** A shard and the version that was read; no version: there is none. */
export interface ReadShard {
  readonly shard: Shard
  readonly etag: string | undefined
  /** Bytes, not compressed. */
  readonly size: number
}

function* parsing(text: string): Steps<Shard> {
  const shard = new Map<string, IndexedRepository>()
  const [head = '', ...lines] = text.split('\n')
  if (JSON.parse(head)?.version !== VERSION) return shard
  for (const line of lines) {
    yield
    if (line === '') continue
    const { name, tags, manifests, unsettled } = lineSchema.parse(JSON.parse(line))
    shard.set(name, {
      tags: new Map(tags.map((each) => [each.tag, each])),
      manifests: new Map(manifests.map((each) => [each.digest, each])),
      unsettled,
    })
  }
  return shard
}

function* writing(shard: Shard): Steps<string> {
  const lines = [JSON.stringify({ version: VERSION })]
  for (const name of [...shard.keys()].sort()) {
    yield
    const { tags, manifests, unsettled } = shard.get(name)!
    const line = { name, tags: [...tags.values()], manifests: [...manifests.values()], unsettled }
    lines.push(JSON.stringify(line))
  }
  return `${lines.join('\n')}\n`
}

/** Reads a shard, in one operation. */
export const readShard = async (store: ObjectStore, bucket: number): Promise<ReadShard> => {
  const read = await store.get(shardKey(bucket))
  if (read === undefined) return { shard: new Map(), etag: undefined, size: 0 }
  const { etag, size } = read.info
  if (size > MAX_BYTES) {
    discard(read.body)
    return { shard: new Map(), etag, size: 0 }
  }
  const bytes = await readAll(read.body, MAX_BYTES)
  try {
    const text = await decompress(bytes, MAX_TEXT)
    return { shard: await inTurns(parsing(text)), etag, size: text.length }
  } catch {
    return { shard: new Map(), etag, size: 0 }
  }
}

/**
 * Writes a shard over the version that was read, in one operation.
 *
 * @returns the new version; undefined when there is another by now
 */
export const writeShard = async (
  store: ObjectStore,
  bucket: number,
  shard: Shard,
  etag: string | undefined,
): Promise<string | undefined> => {
  const bytes = await compress(await inTurns(writing(shard)))
  const condition = etag === undefined ? ({ ifNoneMatch: '*' } as const) : { ifMatch: etag }
  return putUnlessChanged(store, shardKey(bucket), bytes, condition)
}
