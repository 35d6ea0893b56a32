/**
 * Names of repositories with what a list of them shows: of each bucket JSON in columns, compressed.
 *
 * @module
 */

import { inOneTurn, inTurns, type Steps } from '../shared/turns.ts'
import { compress, decompress } from './compress.ts'
import type { IndexedManifest, IndexedRepository, Shard } from './indexed.ts'

/** Most characters of a description. */
const MAX_DESCRIPTION = 120

/** Most bytes of a part, not compressed. */
const MAX_TEXT = 64 * 1024 * 1024

/** What a description is, in labels and annotations. */
const DESCRIPTION = 'org.opencontainers.image.description'

/** A repository in a list. */
export interface NamedRepository {
  readonly name: string
  readonly description: string
  /** When something was last pushed: milliseconds, by the clock of the store. */
  readonly pushed: number
  /** How many tags the index has. */
  readonly tags: number
}

const saysOf = ({ annotations, labels }: IndexedManifest): string | undefined =>
  annotations?.[DESCRIPTION] ?? labels?.[DESCRIPTION]

/** What a terminal may show: no control characters, and none that turn text round. */
const printable = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, '')
    .trim()
    .slice(0, MAX_DESCRIPTION)
    .toWellFormed()

/** What the latest tag says, or else the latest manifest. */
const describe = ({ tags, manifests }: IndexedRepository): string => {
  const byTag = [...tags.values()].toSorted((a, b) => b.at - a.at)
  const tagged = byTag.flatMap(({ digest }) => manifests.get(digest) ?? [])
  for (const each of tagged.length > 0 ? tagged : manifests.values()) {
    const said = saysOf(each)
    if (said) return printable(said)
  }
  return ''
}

/** The columns of a part: names in their order, descriptions, times, numbers of tags. */
type Columns = readonly [readonly string[], readonly string[], readonly number[], readonly number[]]

function* columnsOf(shard: Shard): Steps<Columns> {
  const [names, descriptions, times, counts]: [string[], string[], number[], number[]] = [
    [],
    [],
    [],
    [],
  ]
  for (const name of [...shard.keys()].sort()) {
    yield
    const repository = shard.get(name)!
    const { tags, manifests } = repository
    // Nobody can find what is about to go.
    if (tags.size === 0 && manifests.size === 0) continue
    const all = [...tags.values(), ...manifests.values()].map(({ at }) => at)
    names.push(name)
    descriptions.push(describe(repository))
    times.push(all.reduce((a, b) => Math.max(a, b), 0))
    counts.push(tags.size)
  }
  return [names, descriptions, times, counts]
}

/** The part of a bucket. */
export const namesOf = async (shard: Shard): Promise<Buffer> =>
  compress(Buffer.from(JSON.stringify(await inTurns(columnsOf(shard)))))

/** Reads the part of a bucket. @throws Error when it is damaged */
export const parseNames = async (bytes: Buffer): Promise<readonly NamedRepository[]> => {
  const text = (await decompress(bytes, MAX_TEXT)).toString()
  return inOneTurn(() => {
    // One schema for each repository would take most of the time of a first search.
    const [names, descriptions, times, counts] = JSON.parse(text) as Columns
    return names.map((name, at) => ({
      name: String(name),
      description: String(descriptions[at]),
      pushed: Number(times[at]),
      tags: Number(counts[at]),
    }))
  })
}
