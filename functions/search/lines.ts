/**
 * A bucket as lines of JSON. The first says the version, each other has some tags and manifests of a repository: few
 * enough that a line is read and written in less than a turn, however much there is of a repository.
 *
 * @module
 */

import type { Steps } from '../shared/turns.ts'
import {
  type IndexedManifest,
  type IndexedRepository,
  type IndexedTag,
  lineSchema,
  type Shard,
} from './indexed.ts'
import { MOST_BYTES, ROOMS, type Room, within } from './room.ts'

const VERSION = 1

/** Tags, and manifests, of a line. */
const CHUNK = 16

const NEWLINE = 0x0a

/** A repository of which not all lines were read yet. */
interface Filling extends IndexedRepository {
  readonly tags: Map<string, IndexedTag>
  readonly manifests: Map<string, IndexedManifest>
}

/** Lines that a later version has written. */
export class LaterLines extends Error {}

/** Reads lines. @throws Error when they are damaged, LaterLines */
export function* parsing(bytes: Buffer): Steps<Shard> {
  const shard = new Map<string, Filling>()
  let head = true
  for (let at = 0; at < bytes.length; ) {
    yield
    const end = bytes.indexOf(NEWLINE, at)
    if (end === -1) throw new Error('the last line has no end')
    const json: unknown = JSON.parse(bytes.toString('utf8', at, end))
    at = end + 1
    if (head) {
      head = false
      const version = Number((json as { readonly version?: unknown } | null)?.version)
      if (version > VERSION) throw new LaterLines(`version ${version}`)
      if (version !== VERSION) throw new Error('another version')
      continue
    }
    const { name, tags, manifests, unsettled } = lineSchema.parse(json)
    const repository = shard.get(name) ?? { tags: new Map(), manifests: new Map(), unsettled }
    shard.set(name, repository)
    for (const each of tags) repository.tags.set(each.tag, each)
    for (const each of manifests) repository.manifests.set(each.digest, each)
  }
  if (head) throw new Error('there are no lines')
  return shard
}

/** The lines of a repository; undefined when they have more bytes. */
function* linesOf(
  name: string,
  { tags, manifests, unsettled }: IndexedRepository,
  most: number,
): Steps<Buffer | undefined> {
  const [allTags, allManifests] = [[...tags.values()], [...manifests.values()]]
  const lines: Buffer[] = []
  let size = 0
  for (let at = 0; at === 0 || at < Math.max(tags.size, manifests.size); at += CHUNK) {
    yield
    const [some, others] = [allTags.slice(at, at + CHUNK), allManifests.slice(at, at + CHUNK)]
    const line = JSON.stringify({ name, tags: some, manifests: others, unsettled })
    const bytes = Buffer.from(`${line}\n`)
    size += bytes.length
    if (size > most) return undefined
    lines.push(bytes)
  }
  return Buffer.concat(lines)
}

/** The lines of what there is room for of a repository. */
function* linesWithin(name: string, repository: IndexedRepository, room: Room): Steps<Buffer> {
  // Most have so little that nobody has to count their texts.
  const all = yield* linesOf(name, repository, room.texts)
  if (all !== undefined) return all
  const rest = yield* within(repository, room)
  return (yield* linesOf(name, rest, Number.POSITIVE_INFINITY))!
}

/**
 * The lines of a bucket: of all that is in it, or of what there is room for.
 *
 * @param most bytes
 */
export function* writing(shard: Shard, most: number = MOST_BYTES): Steps<Buffer> {
  const head = Buffer.from(`${JSON.stringify({ version: VERSION })}\n`)
  const names = [...shard.keys()].sort()
  let lines: Buffer[] = []
  for (const room of ROOMS) {
    lines = [head]
    let size = head.length
    for (const name of names) {
      const those = yield* linesWithin(name, shard.get(name)!, room)
      lines.push(those)
      size += those.length
      if (size > most && room !== ROOMS.at(-1)) break
    }
    if (size <= most) break
  }
  return Buffer.concat(lines)
}
