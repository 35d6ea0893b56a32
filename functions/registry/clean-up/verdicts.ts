/**
 * What the rules say of a repository, and when it happens: also for those who only ask.
 *
 * Rules go by when something was last pushed. What is younger than the grace stays all the same, and so does
 * a tag or manifest while a push of the same digest may go on.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { dataKey } from '../layout.ts'
import { UNKNOWN_PULLS } from '../pulls/read.ts'
import type { Digest } from '../reference.ts'
import { type Decision, evaluate, nextDecision } from '../retention/evaluate.ts'
import { asksForPulls, NO_RULES } from '../retention/retention.ts'
import { PUSH } from './bounds.ts'
import { measuring } from './own-bytes.ts'
import type { RevisionState } from './revisions.ts'
import { factsOf, type HeldTag, type Ruled } from './rule-facts.ts'
import { dueAt, isOld, mayGoOn, type Terms } from './terms.ts'

/** Data looked at at once. */
const AT_ONCE = 32

/** What becomes of a tag or manifest that a rule would remove. */
export interface Verdict extends Decision {
  /** Bytes of the manifest, and of what is needed by it alone: see {@link measuring}. */
  readonly size: number
  readonly held: HeldTag | undefined
  readonly revision: RevisionState | undefined
  /** Of what goes: when the next thing is done to it, in milliseconds; undefined: at once. */
  readonly until: number | undefined
  /** Of what was condemned: whether it may have been pushed since, and is to be made plain. */
  readonly again: boolean
}

type Timing = Pick<Verdict, 'until' | 'again'>

const NOW: Timing = { until: undefined, again: false }
const AGAIN: Timing = { until: undefined, again: true }

const notBefore = (...times: number[]): Timing => ({ until: Math.max(...times), again: false })

/** When a tag goes. Its manifest's link was written before it by whoever pushed it. */
const timeTag = (
  terms: Terms,
  { pushed, condemned }: HeldTag,
  revision: RevisionState | undefined,
): Timing => {
  const { date } = terms
  if (condemned !== undefined) {
    const seen = condemned.body?.byRule?.date ?? 0
    if (revision !== undefined && mayGoOn(revision.modified, seen)) return AGAIN
  }
  const young = !isOld(terms, new Date(pushed))
  const going = revision !== undefined && mayGoOn(revision.modified, date)
  if (!young && !going) return NOW
  return notBefore(
    young ? dueAt(new Date(pushed), terms.grace) : 0,
    going ? dueAt(revision.modified, PUSH) : 0,
  )
}

/** When a manifest is condemned or, if it is, deleted. Whoever pushes it writes its data first. */
const timeManifest = async (
  store: ObjectStore,
  terms: Terms,
  { target, modified, state, link }: RevisionState,
): Promise<Timing> => {
  if (!isOld(terms, modified)) return notBefore(dueAt(modified, terms.grace))
  const data = await store.head(dataKey(target))
  if (state === 'condemned') {
    const seen = link?.body?.byRule?.date ?? 0
    return data !== undefined && mayGoOn(data.modified, seen) ? AGAIN : NOW
  }
  return data !== undefined && mayGoOn(data.modified, terms.date)
    ? notBefore(dueAt(data.modified, PUSH))
    : NOW
}

/** What the rules say of a repository, and when they may say something else. */
export interface Verdicts {
  readonly verdicts: readonly Verdict[]
  /** Milliseconds. */
  readonly due: number
}

/**
 * Asks the rules. One operation for each manifest that goes, and where a rule asks for pulls, what it takes to
 * read those.
 */
export const judge = async (
  store: ObjectStore,
  terms: Terms,
  ruled: Ruled,
  tags: readonly HeldTag[],
): Promise<Verdicts> => {
  const { rules = NO_RULES, date, readPulls } = terms
  const { name } = ruled.listed
  const asked = rules.rules.some((each) => each.repositories(name) && asksForPulls(each))
  const pulls = (asked ? await readPulls?.(name) : undefined) ?? UNKNOWN_PULLS
  const facts = factsOf(ruled, tags, pulls)
  const revisions = new Map<string, RevisionState>(
    ruled.revisions.map((each) => [each.digest, each]),
  )
  const byName = new Map(tags.map((each) => [each.tag, each]))
  const tagged = new Set(tags.map(({ digest }) => digest))
  const blobs = new Set(ruled.listed.layers.map(({ digest }) => digest))
  const measure = measuring({
    manifests: ruled.needs.known,
    isTagged: (digest) => tagged.has(digest),
    hasBlob: (digest) => blobs.has(digest),
  })
  const verdicts = await inBatches(
    evaluate(rules, facts, date),
    async (decision): Promise<Verdict> => {
      const { tag, goes } = decision
      const revision = revisions.get(decision.digest)
      const held = tag === undefined ? undefined : byName.get(tag)
      const size = measure(revision?.target ?? (decision.digest as Digest))
      const about = { ...decision, size, held, revision }
      if (!goes) return { ...about, ...NOW }
      if (held !== undefined) return { ...about, ...timeTag(terms, held, revision) }
      return { ...about, ...(revision ? await timeManifest(store, terms, revision) : NOW) }
    },
    AT_ONCE,
  )
  const due = verdicts.reduce(
    (least, { until }) => Math.min(least, until ?? least),
    nextDecision(rules, facts, date),
  )
  return { verdicts, due }
}
