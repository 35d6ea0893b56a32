/**
 * `slipway deleted` and `slipway undelete`.
 *
 * @module
 */

import { type Deletion, listDeletions } from '../../registry/deleted/deletions.ts'
import { undelete } from '../../registry/deleted/undelete.ts'
import { RegistryError } from '../../registry/errors.ts'
import { revisionLinkKey, tagLinkKey } from '../../registry/layout.ts'
import { readLink } from '../../registry/links.ts'
import { parseDigest, parseName, parseTag, type Reference } from '../../registry/reference.ts'
import { inBatches } from '../../shared/parallel.ts'
import type { StoreIo } from '../command.ts'
import { CommandError, UsageError } from '../errors.ts'

/** Turns what the registry refuses into one line. */
const inOneLine = async <T>(work: () => T | Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (error instanceof RegistryError) throw new CommandError(error.message, { cause: error })
    throw error
  }
}

/** `REPO:TAG` or `REPO@DIGEST`. */
const parseImage = (text: string): { readonly name: string; readonly reference: Reference } => {
  const [, name = '', digest, tag] = text.match(/^([^:@]*)(?:@(.*)|:(.*))$/) ?? []
  if (digest !== undefined) {
    return { name: parseName(name), reference: { digest: parseDigest(digest) } }
  }
  if (tag !== undefined) return { name: parseName(name), reference: { tag: parseTag(tag) } }
  throw new UsageError(`"${text}" has neither a tag nor a digest: expected REPO:TAG or REPO@DIGEST`)
}

interface ListGiven {
  readonly args: { readonly repository: string }
  readonly flags: { readonly json: boolean }
}

/** Deletes as people see them: the notes of one delete are one. */
const merge = (deletions: readonly Deletion[]): Deletion[] => {
  const byId = Map.groupBy(deletions, ({ id }) => id)
  return [...byId.values()].flatMap((notes) => {
    const [first] = notes
    if (first === undefined) return []
    if (first.tag !== undefined) return notes
    return [{ ...first, tags: notes.flatMap(({ tags = [] }) => tags) }]
  })
}

const plural = (count: number): string => `${count} ${count === 1 ? 'tag' : 'tags'}`

/** `slipway deleted`: the latest first. */
export const listDeleted = async (
  { store, print, say }: StoreIo,
  { args, flags }: ListGiven,
): Promise<void> => {
  const name = await inOneLine(() => parseName(args.repository))
  const deletions = merge(await listDeletions(store, name))
  if (deletions.length === 0) return say(`No delete in ${name} is on record.`)
  const states = await inBatches(deletions, async ({ tag, digest }) => {
    const key = tag === undefined ? revisionLinkKey(name, digest) : tagLinkKey(name, tag)
    return (await readLink(store, key)) !== undefined
  })
  for (const [at, { tag, digest, tags = [], by, rule, at: time }] of deletions.entries()) {
    const isThere = states[at] ?? false
    if (flags.json) {
      const what = tag === undefined ? { digest, tags } : { tag, digest }
      print(JSON.stringify({ at: time.toISOString(), by, rule, ...what, isThere }))
      continue
    }
    const what = tag ?? `${digest}${tags.length === 0 ? '' : ` with ${plural(tags.length)}`}`
    const now = isThere ? 'is there now' : tag === undefined ? 'gone' : `gone, was ${digest}`
    const who = `${by ?? 'unknown'}${rule === undefined ? '' : `, rule ${rule}`}`
    print(`${time.toISOString()}\t${who}\t${what}\t${now}`)
  }
}

interface UndeleteGiven {
  readonly args: { readonly image: string }
}

/**
 * `slipway undelete`.
 *
 * @throws CommandError when it cannot come back, UsageError
 */
export const bringBack = async (
  { store, say }: StoreIo,
  { args: { image } }: UndeleteGiven,
): Promise<void> => {
  await inOneLine(async () => {
    const { name, reference } = parseImage(image)
    const { digest, manifest, tags, kept } = await undelete(store, name, reference)
    if (manifest) say(`The manifest ${digest} is back.`)
    for (const tag of tags) say(`The tag ${tag} points at ${digest} again.`)
    for (const tag of kept) say(`The tag ${tag} is there: it was left as it is.`)
    if (!manifest && tags.length === 0 && kept.length === 0) {
      say(`The manifest ${digest} is there: nothing was done.`)
    }
  })
}
