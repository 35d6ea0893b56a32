/**
 * What is known of a tag that was fetched: when its upstream was last asked, and what it said.
 *
 * It stands beside the tag, which is a plain one: a version of Slipway that knows no upstreams, and distribution, serve
 * what is there. It is written after the tag, and counts only while the tag points at the digest that it names.
 *
 * @module
 */

import { fetchedTagKey } from '../../registry/layout.ts'
import type { Digest } from '../../registry/reference.ts'
import { isDigest } from '../../registry/reference.ts'
import * as z from '../../shared/schema.ts'
import { discard, readAll } from '../../storage/bytes.ts'
import type { ObjectStore } from '../../storage/store.ts'

/** Most bytes of a state; an ETag is cut to nothing where it is longer than this allows. */
const MAX_BYTES = 4096
const MAX_ETAG = 1024

const schema = z.object({
  version: z.literal(1),
  asked: z.number(),
  digest: z.string(),
  etag: z.optional(z.string()),
})

export interface TagState {
  /** When the upstream was asked, by the clock of who asked; milliseconds since 1970. */
  readonly asked: number
  /** What the tag was then. */
  readonly digest: Digest
  /** What the upstream calls that version. */
  readonly etag: string | undefined
}

/** A tag that is here, of which nothing is known. */
export const unasked = (digest: Digest): TagState => ({
  asked: Number.NEGATIVE_INFINITY,
  digest,
  etag: undefined,
})

/** A tag that was pushed on: the upstream is asked at the next pull, since another push may have come after it there. */
export const unsaid = (digest: Digest): TagState => ({ asked: 0, digest, etag: undefined })

/** Reads a state; one that is damaged is none. One operation. */
export const readTagState = async (
  store: ObjectStore,
  name: string,
  tag: string,
): Promise<TagState | undefined> => {
  const object = await store.get(fetchedTagKey(name, tag))
  if (object === undefined) return undefined
  if (object.info.size > MAX_BYTES) {
    discard(object.body)
    return undefined
  }
  const text = (await readAll(object.body, MAX_BYTES)).toString()
  try {
    const { data } = schema.safeParse(JSON.parse(text))
    if (data === undefined || !isDigest(data.digest)) return undefined
    const { asked, digest, etag } = data
    return { asked, digest, etag }
  } catch {
    return undefined
  }
}

/** Writes a state. One operation. */
export const writeTagState = async (
  store: ObjectStore,
  name: string,
  tag: string,
  { asked, digest, etag }: TagState,
): Promise<void> => {
  const kept = etag !== undefined && etag.length <= MAX_ETAG ? { etag } : {}
  const state = { version: 1, asked, digest, ...kept }
  await store.put(fetchedTagKey(name, tag), Buffer.from(JSON.stringify(state)))
}
