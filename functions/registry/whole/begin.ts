/**
 * Begins the delete of a whole repository: looks whether it may go, and notes it.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { inBatches, settled } from '../../shared/parallel.ts'
import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { unreported } from '../damage.ts'
import { RegistryError } from '../errors.ts'
import type { Recording } from '../happened.ts'
import { deletedRepositoryKey, revisionOf, revisionsPrefix, tagsPrefix } from '../layout.ts'
import { readLink, readLinkObject } from '../links.ts'
import { CANONICAL } from '../reference.ts'
import type { Overridden } from '../retention/guard.ts'
import type { Retention } from '../retention/retention.ts'
import { tagLinks } from '../tag-links.ts'
import { nameUnknown } from '../tags.ts'
import { pendingOf, readNote, type WholeDelete, writeNote } from './note.ts'

/** Bytes of a plain link and of a deleted one, under a sha256 digest; others have to be read. */
const [PLAIN, DELETED] = ['sha256:'.length + 64, 'sha384:'.length + 96]

/** Whether a repository has a manifest or a tag. A listing or two, and a read for each link that no size tells. */
const hasAny = async (store: ObjectStore, name: string): Promise<boolean> => {
  const { objects } = await store.list(tagsPrefix(name), { limit: 1 })
  if (objects.length > 0) return true
  for await (const page of listPages(store, revisionsPrefix(name))) {
    const links = page.filter(({ key }) => revisionOf(name, key)?.startsWith(CANONICAL))
    if (links.some(({ size }) => size === PLAIN)) return true
    const open = page.filter((each) => each.size !== DELETED || !links.includes(each))
    const there = await inBatches(open, async ({ key }) => {
      const link = await readLinkObject(store, key)
      return link !== undefined && link.body?.deletedWithin === undefined
    })
    if (there.includes(true)) return true
  }
  return false
}

/** The immutable tags of a repository, with what they point at. */
const frozenTags = async (
  store: ObjectStore,
  name: string,
  rules: Retention,
): Promise<readonly Overridden[]> => {
  if (rules.immutables === 0) return []
  const frozen: Overridden[] = []
  for await (const page of tagLinks(store, name)) {
    const immutable = page.filter(({ tag }) => rules.isImmutable(name, tag))
    const read = await inBatches(immutable, async ({ tag, key }) => {
      const link = await readLink(store, key, unreported)
      return link === undefined ? [] : [{ tag, was: link.target }]
    })
    frozen.push(...read.flat())
  }
  return frozen
}

const keptByTag = (name: string, { tag, was }: Overridden): RegistryError =>
  new RegistryError(
    'TAG_IMMUTABLE',
    `the tag ${tag} of ${name} is immutable and points at ${was}: the repository cannot be deleted`,
    { detail: { name, tag, digest: was } },
  )

/** Who deletes, and what. */
export interface BeginOptions {
  /** As the audit trail names them. */
  readonly by?: string | undefined
  /** Whether immutable tags go, too. */
  readonly override?: boolean | undefined
  readonly rules: () => Promise<Retention>
  /** Of the event. Default: there is none. */
  readonly recording?: Recording | undefined
}

/** A delete that is noted. */
export interface Begun {
  readonly whole: WholeDelete
  /** Immutable tags that go. */
  readonly overridden: readonly Overridden[]
}

/**
 * Notes that a whole repository is to go. One that is pending begins anew with what was pushed since, and stays one:
 * all of it comes back together.
 *
 * @throws RegistryError NAME_UNKNOWN when there is neither a manifest nor a tag, TAG_IMMUTABLE
 */
export const begin = async (
  store: ObjectStore,
  name: string,
  { by, override = false, rules, recording }: BeginOptions,
): Promise<Begun> => {
  if (!(await hasAny(store, name))) throw nameUnknown(name)
  const overridden = await frozenTags(store, name, await rules())
  const [first] = overridden
  if (first !== undefined && !override) throw keptByTag(name, first)
  // One event for all that goes, before it is noted. The note is there from then on, or from an earlier delete.
  const proof = { key: deletedRepositoryKey(name) }
  const recorded = recording?.write({ action: 'delete', proof })
  for (;;) {
    const [note] = await settled([readNote(store, name), recorded])
    const pending = pendingOf(note)
    const id = pending?.id ?? randomBytes(8).toString('hex')
    const whole: WholeDelete = { id, at: 0, by, override, state: 'pending' }
    const earlier = (note.deletes ?? []).filter((each) => each !== pending)
    if (!(await writeNote(store, name, note, [...earlier, whole]))) continue
    // Its date is the store's. If somebody else has ended it by now, or noted it again, that is as good.
    const { deletes = [] } = await readNote(store, name)
    const noted = deletes.find((each) => each.id === id)
    if (noted !== undefined) return { whole: noted, overridden }
  }
}
