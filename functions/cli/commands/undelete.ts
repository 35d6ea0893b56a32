/**
 * `slipway deleted` and `slipway undelete`.
 *
 * @module
 */

import type { Deletion } from '../../registry/deleted/deletions.ts'
import { RegistryError } from '../../registry/errors.ts'
import { parseDigest, parseName, parseTag, type Reference } from '../../registry/reference.ts'
import { CommandError, UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import type { DeletesIo, DeletesOf } from '../ways/deletes-io.ts'

/** Turns what the registry refuses into one line. */
export const inOneLine = async <T>(work: () => T | Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (error instanceof RegistryError) throw new CommandError(error.message, { cause: error })
    throw error
  }
}

/** `REPO:TAG`, `REPO@DIGEST`, or `REPO` alone: all of it. */
export const parseImage = (
  text: string,
): { readonly name: string; readonly reference: Reference | undefined } => {
  const [, name = '', digest, tag] = text.match(/^([^:@]*)(?:@(.*)|:(.*))$/) ?? []
  if (digest !== undefined) {
    return { name: parseName(name), reference: { digest: parseDigest(digest) } }
  }
  if (tag !== undefined) return { name: parseName(name), reference: { tag: parseTag(tag) } }
  return { name: parseName(text), reference: undefined }
}

interface ListGiven {
  readonly args: { readonly repository: readonly string[] }
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

/** A number of things, in words. */
export const counted = (count: number, what: string): string =>
  `${count} ${what}${count === 1 ? '' : 's'}`

const plural = (count: number): string => counted(count, 'tag')

/** Deletes of a whole repository. */
const printWhole = (
  { print }: Pick<Io, 'print'>,
  { name, whole, deletions }: DeletesOf,
  json: boolean,
): void => {
  for (const { id, at, by, state } of whole) {
    const own = deletions.filter((each) => each.id === id)
    const manifests = new Set(own.map(({ digest }) => digest)).size
    const tags = new Set(own.flatMap((each) => each.tags ?? [])).size
    const time = new Date(at).toISOString()
    const pending = state === 'pending'
    if (json) print(JSON.stringify({ at: time, by, repository: name, manifests, tags, pending }))
    else {
      const what = `${name}, all of it: ${counted(manifests, 'manifest')}, ${plural(tags)}`
      print(`${time}\t${by ?? 'unknown'}\t${what}\t${pending ? 'not done yet' : 'done'}`)
    }
  }
}

/** The repositories that were deleted as a whole. */
const listRepositories = async (io: DeletesIo, json: boolean): Promise<void> => {
  let none = true
  for await (const each of io.allWhole()) {
    printWhole(io, each, json)
    none &&= each.whole.length === 0
  }
  if (none) io.say('No delete of a whole repository is on record.')
}

/** `slipway deleted`: the latest first. */
export const listDeleted = async (io: DeletesIo, { args, flags }: ListGiven): Promise<void> => {
  const { print, say } = io
  const [repository, ...more] = args.repository
  if (more.length > 0) throw new UsageError('one repository at a time, or none for whole ones')
  if (repository === undefined) return listRepositories(io, flags.json)
  const name = await inOneLine(() => parseName(repository))
  const found = await io.deletesOf(name)
  printWhole(io, found, flags.json)
  const ids = new Set(found.whole.map(({ id }) => id))
  const deletions = merge(found.deletions.filter(({ id }) => !ids.has(id)))
  if (deletions.length + ids.size === 0) return say(`No delete in ${name} is on record.`)
  const states = await found.areThere(deletions)
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

/** Undoes the last delete of a whole repository. */
const bringAllBack = async (io: DeletesIo, name: string): Promise<void> => {
  const { say } = io
  const { at, manifests, tags, kept, lost } = await io.undeleteWhole(name)
  if (manifests + tags + kept.length + lost.length === 0) {
    say(
      `Nothing of ${name} is to be brought back: it is all there, or was not put on record (--undelete-days 0).`,
    )
    return
  }
  const back = `${counted(manifests, 'manifest')} and ${plural(tags)}`
  say(`${back} of ${name} are back, as before ${at.toISOString()}.`)
  for (const tag of kept) say(`The tag ${tag} is there: it was left as it is.`)
  for (const digest of lost) say(`The manifest ${digest} cannot come back: nothing is left of it.`)
}

/**
 * `slipway undelete`.
 *
 * @throws CommandError when it cannot come back, UsageError
 */
export const bringBack = async (
  io: DeletesIo,
  { args: { image } }: UndeleteGiven,
): Promise<void> => {
  const { say } = io
  await inOneLine(async () => {
    const { name, reference } = parseImage(image)
    if (reference === undefined) return bringAllBack(io, name)
    const { digest, manifest, tags, kept } = await io.undelete(name, reference)
    if (manifest) say(`The manifest ${digest} is back.`)
    for (const tag of tags) say(`The tag ${tag} points at ${digest} again.`)
    for (const tag of kept) say(`The tag ${tag} is there: it was left as it is.`)
    if (!manifest && tags.length === 0 && kept.length === 0) {
      say(`The manifest ${digest} is there: nothing was done.`)
    }
  })
}
