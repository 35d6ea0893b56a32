/**
 * What goes of a repository by rules: tags at once, and manifests without a tag in two steps.
 *
 * A manifest's link is condemned first. Whoever takes in an index that names it makes it plain; so does a push.
 * A grace later, when whatever saw it plain has ended and nothing needs it, it is deleted, as by a user: it
 * can come back for a while. A push by digest beside the first step changes nothing that the store tells apart
 * where versions are sums; so the data is looked at, which every push writes first: where it is young, the link
 * is made plain again. For tags see remove-tag.ts.
 *
 * @module
 */

import { settled } from '../../shared/parallel.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { noteDeletion, UNNOTED } from '../deleted/note.ts'
import { removeTag } from '../retention/remove-tag.ts'
import { NO_RULES } from '../retention/retention.ts'
import { condemnByRule, deleteByRule } from './by-rule.ts'
import { makePlain } from './link-object.ts'
import type { RevisionState } from './revisions.ts'
import { type HeldTag, isRuled, type Ruled, readHeldTags } from './rule-facts.ts'
import { dueAt, type Terms } from './terms.ts'
import type { Planned, Thing } from './thing.ts'
import { judge, type Verdict } from './verdicts.ts'

/** Who is on record for what goes by a rule. */
const WHO = 'clean-up'

/** Why something goes that nobody asked for. */
const reasonOf = (rule: string | undefined): string =>
  `retention${rule === undefined ? '' : ` rule ${rule}`}`

const pushedText = (pushed: number): string => `pushed ${new Date(pushed).toISOString()}`

/**
 * What is to be done to what was condemned, and does not go. What was condemned since the date of the run is another's:
 * a whole repository may be about to go.
 */
const keepTag = (
  store: ObjectStore,
  { date }: Terms,
  repository: string,
  held: HeldTag,
  why: string,
): Planned[] => {
  const { key, tag, digest, condemned } = held
  if (condemned === undefined || condemned.modified.getTime() >= date) return []
  return [
    {
      thing: { step: 'keep-tag', key, repository, tag, digest, why },
      carryOut: () => makePlain(store, condemned),
    },
  ]
}

const keepManifest = (
  store: ObjectStore,
  { date }: Terms,
  repository: string,
  { digest, state, link }: RevisionState,
  why: string,
): Planned[] => {
  if (state !== 'condemned' || link === undefined || link.modified.getTime() >= date) return []
  return [
    {
      thing: { step: 'keep-manifest', key: link.key, repository, digest, why },
      carryOut: () => makePlain(store, link),
    },
  ]
}

const AGAIN = 'it may have been pushed again as it was condemned'

const planTag = (
  store: ObjectStore,
  terms: Terms,
  repository: string,
  held: HeldTag,
  { size, rule, until, again }: Verdict,
): Planned[] => {
  if (again) return keepTag(store, terms, repository, held, AGAIN)
  if (until !== undefined) return []
  const { tag, key, digest, pushed } = held
  const thing: Thing = {
    step: 'remove-tag',
    key,
    repository,
    tag,
    digest,
    size,
    why: pushedText(pushed),
    rule,
  }
  const { date, undelete, events } = terms
  const note = undelete > 0 ? noteDeletion(store, repository, WHO, date, rule) : UNNOTED
  const recording = events?.begin(repository)
  const record = () =>
    recording?.write({
      action: 'delete',
      target: { tag },
      facts: { reason: reasonOf(rule) },
      proof: { key, absent: true },
    })
  const before = async () => void (await settled([note.tag(tag, digest), record()]))
  const carryOut = async (): Promise<boolean> => {
    const removed = (await removeTag(store, repository, held, { date, before })) === 'removed'
    await (removed ? recording?.done() : recording?.withdraw())
    return removed
  }
  return [{ thing, carryOut }]
}

const planManifest = (
  store: ObjectStore,
  terms: Terms,
  { listed: { name }, needs }: Ruled,
  revision: RevisionState,
  { size, rule, until, again }: Verdict,
): Planned[] => {
  if (again) return keepManifest(store, terms, name, revision, AGAIN)
  if (until !== undefined) return []
  const { digest, target, key, link, modified } = revision
  const about = { key, repository: name, digest, size, rule }
  if (link?.body?.condemned === undefined) {
    const why = `no tag points at it; ${pushedText(modified.getTime())}`
    const carryOut = () => condemnByRule(store, key, target, modified, terms.date)
    return [{ thing: { ...about, step: 'condemn-manifest', why }, carryOut }]
  }
  const why = `condemned ${modified.toISOString()}, and nothing has needed it since`
  const { date, undelete, events } = terms
  const note = undelete > 0 ? noteDeletion(store, name, WHO, date, rule) : UNNOTED
  const recording = events?.begin(name)
  const refers = needs.known.get(target)?.subject !== undefined
  const carryOut = async (): Promise<boolean> => {
    const record = recording?.write({
      action: 'delete',
      target: { digest },
      facts: { reason: reasonOf(rule) },
      proof: { key, absent: true },
    })
    await settled([note.manifest(digest, []), record])
    const deleted = await deleteByRule(store, name, digest, link, { date, refers })
    await (deleted ? recording?.done() : recording?.withdraw())
    return deleted
  }
  return [{ thing: { ...about, step: 'delete-manifest', why }, carryOut }]
}

/** What is to be done by rules, and when to look again, in milliseconds. */
interface RuledPlan {
  readonly planned: readonly Planned[]
  readonly due: number
}

/** When to look again at what another has condemned since the date of the run. */
const dueOfOthers = (
  { date }: Terms,
  tags: readonly HeldTag[],
  revisions: readonly RevisionState[],
): number =>
  [
    ...tags.flatMap(({ condemned }) => condemned ?? []),
    ...revisions.flatMap(({ state, link }) => (state === 'condemned' && link ? [link] : [])),
  ].reduce(
    (due, { modified }) => (modified.getTime() < date ? due : Math.min(due, dueAt(modified, 0))),
    Number.POSITIVE_INFINITY,
  )

/** What was condemned where no rule removes anything. */
const planLeft = async (
  store: ObjectStore,
  terms: Terms,
  { listed, revisions }: Ruled,
): Promise<RuledPlan> => {
  const condemned = await readHeldTags(
    store,
    listed.tags.filter(({ plain }) => !plain),
    [],
  )
  const why = 'no rule lets it go'
  return {
    planned: [
      ...condemned.flatMap((each) => keepTag(store, terms, listed.name, each, why)),
      ...revisions.flatMap((each) => keepManifest(store, terms, listed.name, each, why)),
    ],
    due: dueOfOthers(terms, condemned, revisions),
  }
}

/**
 * Decides what goes of a repository by rules. A repository that no rule is about costs nothing.
 *
 * @param ruled as read since the date of the run
 */
export const planByRules = async (
  store: ObjectStore,
  terms: Terms,
  ruled: Ruled,
): Promise<RuledPlan> => {
  const { listed, revisions } = ruled
  const { name } = listed
  if (!isRuled(terms.rules ?? NO_RULES, name)) {
    return planLeft(store, terms, ruled)
  }
  const tags = await readHeldTags(store, listed.tags, revisions)
  const { verdicts, due } = await judge(store, terms, ruled, tags)
  const going = verdicts.filter(({ goes }) => goes)
  const goingTags = new Set(going.map(({ tag }) => tag))
  const goingManifests = new Set<string>(
    going.filter(({ tag }) => tag === undefined).map(({ digest }) => digest),
  )
  const why = 'the rules let it stay'
  return {
    planned: [
      ...going.flatMap((verdict) => {
        const { held, revision } = verdict
        if (held !== undefined) return planTag(store, terms, name, held, verdict)
        return revision === undefined ? [] : planManifest(store, terms, ruled, revision, verdict)
      }),
      ...tags
        .filter(({ tag }) => !goingTags.has(tag))
        .flatMap((each) => keepTag(store, terms, name, each, why)),
      ...revisions
        .filter(({ digest }) => !goingManifests.has(digest))
        .flatMap((each) => keepManifest(store, terms, name, each, why)),
    ],
    due: Math.min(due, dueOfOthers(terms, tags, revisions)),
  }
}
