/**
 * `slipway tag`: tags of repositories.
 *
 * @module
 */

import { sayBytes } from '../../registry/quotas/bytes.ts'
import {
  type Digest,
  isDigest,
  parseDigest,
  parseName,
  parseTag,
} from '../../registry/reference.ts'
import { inBatches } from '../../shared/parallel.ts'
import { createTable } from '../aligned.ts'
import { confirmed } from '../confirm.ts'
import { CommandError, UsageError } from '../errors.ts'
import { childrenOf, kindOf, platformText, readManifest, sizeOf } from '../images/read.ts'
import type { ImagesIo, TagChange } from '../ways/images-io.ts'
import { inOneLine, parseImage } from './undelete.ts'

interface ListGiven {
  readonly args: { readonly repository: string }
  readonly flags: { readonly json: boolean }
}

/** Manifests that are read at a time. */
const AT_ONCE = 16

/** What a list says of a tag; undefined where it went meanwhile. */
const tagOf = async (io: ImagesIo, name: string, tag: string) => {
  const image = await readManifest(io, name, { tag })
  if (image === undefined) return undefined
  const children = childrenOf(image)
  const platforms = children.flatMap(({ platform }) => platformText(platform) ?? [])
  return {
    tag,
    digest: image.digest,
    mediaType: image.mediaType,
    kind: kindOf(image),
    size: children.length === 0 ? sizeOf(image) : undefined,
    platforms: children.length === 0 ? undefined : platforms,
  }
}

/** Some elements at a time. */
async function* grouped<T>(all: AsyncIterable<T>, size: number): AsyncGenerator<readonly T[]> {
  let some: T[] = []
  for await (const each of all) {
    some.push(each)
    if (some.length < size) continue
    yield some
    some = []
  }
  yield some
}

/** `slipway tag list`. @throws CommandError where there is no such repository */
export const listTags = (io: ImagesIo, { args, flags }: ListGiven): Promise<void> =>
  inOneLine(async () => {
    const name = parseName(args.repository)
    if (!(await io.has(name))) throw new CommandError(`there is no repository ${name}`)
    const table = createTable(io, [
      { title: 'TAG', least: 12 },
      { title: 'DIGEST', least: 19 },
      { title: 'SIZE', right: true },
      { title: 'KIND', least: 8 },
    ])
    let none = true
    for await (const some of grouped(io.tags(name), AT_ONCE)) {
      for (const found of await inBatches(some, (tag) => tagOf(io, name, tag))) {
        if (found === undefined) continue
        none = false
        const { tag, digest, kind, size } = found
        if (flags.json) io.print(JSON.stringify({ repository: name, ...found }))
        else table.row(tag, digest, size === undefined ? '-' : sayBytes(size), kind)
      }
    }
    if (none) io.say(`${name} has no tags.`)
    else if (!flags.json) table.end()
  })

/** A tag that was named. @throws UsageError for anything else, RegistryError */
const namedTag = (text: string): { readonly name: string; readonly tag: string } => {
  const { name, reference } = parseImage(text)
  if (reference?.tag !== undefined) return { name, tag: reference.tag }
  throw new UsageError(`${JSON.stringify(text)} is no tag: expected REPO:TAG`)
}

/** What `--from` says. @throws UsageError */
const fromOf = (text: string | undefined): TagChange['from'] => {
  if (text === undefined) return undefined
  if (text === 'none') return null
  if (isDigest(text)) return text
  throw new UsageError(`--from is ${JSON.stringify(text)}: expected a digest, or none`)
}

interface MoveGiven {
  readonly args: { readonly tag: string; readonly target: string }
  readonly flags: {
    readonly from: string | undefined
    readonly override: boolean
    readonly json: boolean
  }
}

/** `slipway tag move`. @throws CommandError where the target is not there, or the tag may not move */
export const moveTag = (io: ImagesIo, { args, flags }: MoveGiven): Promise<void> =>
  inOneLine(async () => {
    const { name, tag } = namedTag(args.tag)
    const from = fromOf(flags.from)
    const wanted = args.target.includes(':')
      ? { digest: parseDigest(args.target) }
      : { tag: parseTag(args.target) }
    const target = await io.manifest(name, wanted)
    if (target === undefined) throw new CommandError(`${name} has no manifest ${args.target}`)
    const was = (await io.manifest(name, { tag }))?.digest
    // Exact is what the registry makes of it; one that knows no conditions would make nothing of it.
    if (from !== undefined && (was ?? null) !== from) {
      const wanted = from === null ? 'nothing' : from
      throw new CommandError(`${name}:${tag} is ${was ?? 'not there'}, not ${wanted}`)
    }
    await io.setTag(name, tag, target, { override: flags.override, from })
    const { digest } = target
    if (flags.json) return io.print(JSON.stringify({ repository: name, tag, digest, was }))
    const before = was === undefined ? 'new' : was === digest ? 'as before' : `was ${was}`
    io.print(`${name}:${tag} is ${digest}, ${before}`)
  })

interface DeleteGiven {
  readonly args: { readonly tag: readonly string[] }
  readonly flags: { readonly yes: boolean; readonly override: boolean; readonly json: boolean }
}

/** `slipway tag delete`. @throws CommandError where one is not there, before any goes; or nobody confirms it */
export const deleteTags = (io: ImagesIo, { args, flags }: DeleteGiven): Promise<void> =>
  inOneLine(async () => {
    const tags = args.tag.map(namedTag)
    const digests: Digest[] = []
    for (const { name, tag } of tags) {
      const digest = (await io.manifest(name, { tag }))?.digest
      if (digest === undefined) throw new CommandError(`there is no ${name}:${tag}`)
      digests.push(digest)
    }
    if (!flags.yes) {
      for (const [at, { name, tag }] of tags.entries()) {
        io.say(`${name}:${tag} goes; ${digests[at]} stays.`)
      }
    }
    await confirmed(io, flags.yes)
    for (const [at, { name, tag }] of tags.entries()) {
      await io.removeTag(name, tag, flags)
      const was = digests[at]
      if (flags.json) io.print(JSON.stringify({ repository: name, tag, was }))
      else io.print(`${name}:${tag} is deleted, was ${was}`)
    }
  })
