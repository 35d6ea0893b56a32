/**
 * Sees to it that a manifest is here before it is served.
 *
 * A digest is asked for once. A tag is asked for at most once an interval. Until twice that time what is here is served
 * at once, and the upstream is asked behind the client's back; what is older waits for the upstream for a moment. Whatever
 * is wrong with the upstream, what is here is served, with a warning.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import type { Digest, Reference } from '../../registry/reference.ts'
import { coalesce } from '../../shared/coalesce.ts'
import { summaryOf } from '../client/failure.ts'
import { askedAs, isPassedOn } from '../client/via.ts'
import type { Route } from '../route.ts'
import { createFailures, type Failures } from './failures.ts'
import { createFetch, type FetchOptions } from './fetch.ts'
import { readTagState, type TagState, unasked } from './tag-state.ts'

/** A manifest that is here. */
export interface Ensured {
  readonly digest: Digest
  /** What a client should be told: that it may be old, and why. */
  readonly warning?: string
  /** Whether it is another than was here. */
  readonly fetched?: true
}

export interface EnsureOptions extends FetchOptions {
  /** Is told of what went wrong while something older was served. */
  readonly report: (route: Route, tag: string, error: Error) => void
  /**
   * Keeps the process going for work whose outcome nobody waits for. Absent on hosts that stand still between requests:
   * then all wait for the upstream, for as long as `askAt` does.
   */
  readonly behind?: ((work: Promise<unknown>) => void) | undefined
  /** What is remembered, by `<name>:<tag>` and `<name>@<digest>`, with the way of the request. Default: its own. */
  readonly failures?: Failures
  /** Milliseconds that a client waits for the upstream when there is something older for it, and work can go on behind. */
  readonly patience?: number
}

/** Has a manifest of an upstream here. @throws UpstreamError, and what a push throws, when it is not */
export type Ensure = (route: Route, reference: Reference) => Promise<Ensured>

/** Tags whose state is remembered. */
const TAGS = 10_000
const PATIENCE = 3_000
/** Milliseconds by which clocks of servers differ at most. */
const SKEW = 60_000

const late = Symbol('late')

/** Makes what ensures. */
export const createEnsure = (options: EnsureOptions): Ensure => {
  const { registry, store, now, report, behind, patience = PATIENCE } = options
  const { failures = createFailures(now) } = options
  const fetch = createFetch(options)
  const states = new LRUCache<string, TagState>({ max: TAGS })

  /** Milliseconds since the upstream was asked. One that is yet to be asked was asked by another clock, or never. */
  const ageOf = (state: TagState | undefined): number => {
    const age = now() - (state?.asked ?? Number.NEGATIVE_INFINITY)
    return age < -SKEW ? Number.POSITIVE_INFINITY : Math.max(age, 0)
  }

  /** The state of a tag; undefined where it does not fit the tag as it is here. */
  const stateOf = async (
    route: Route,
    tag: string,
    digest: Digest,
  ): Promise<TagState | undefined> => {
    const { upstream, local, via } = route
    const key = `${askedAs(route)}:${tag}`
    const last = states.get(key)
    const remembered = last?.digest === digest ? last : undefined
    // What was pushed on may be the same again, and something else there by now: that is written alone.
    if (!upstream.writable && ageOf(remembered) < upstream.interval) return remembered
    // Another server may have asked.
    const stored = await readTagState(store, local, tag)
    const state = stored?.digest === digest ? stored : undefined
    // What was asked for requests that came the same way is written nowhere.
    if (isPassedOn(via) && ageOf(remembered) < ageOf(state)) return remembered
    if (state !== undefined) states.set(key, state)
    return state
  }

  /** Asks for a tag unless somebody has just done so. The run of those who wait begins when the one before has ended. */
  const renew = coalesce(
    async (route: Route, tag: string): Promise<Ensured> => {
      const { local, upstream } = route
      const key = `${askedAs(route)}:${tag}`
      // Of whoever was before in the queue.
      const failed = failures.get(key)
      if (failed !== undefined) throw failed
      try {
        const link = await registry.tags.get(local, tag)
        const known = link && ((await stateOf(route, tag, link.target)) ?? unasked(link.target))
        if (known !== undefined && ageOf(known) < upstream.interval) return { digest: known.digest }
        const { fetched, ...state } = await fetch.byTag(route, tag, known)
        states.set(key, state)
        failures.delete(key)
        const { digest } = state
        return fetched ? { digest, fetched } : { digest }
      } catch (error) {
        failures.add(key, error as Error)
        throw error
      }
    },
    { atOnce: 1, key: (route, tag) => `${askedAs(route)}:${tag}` },
  )

  const fetchDigest = coalesce(
    async (route: Route, digest: Digest): Promise<void> => {
      const key = `${askedAs(route)}@${digest}`
      const failed = failures.get(key)
      if (failed !== undefined) throw failed
      try {
        if (!(await fetch.has(route, digest))) await fetch.byDigest(route, digest)
      } catch (error) {
        failures.add(key, error as Error)
        throw error
      }
    },
    { atOnce: 1, key: (route, digest) => `${askedAs(route)}@${digest}` },
  )

  const stale = (digest: Digest, { host }: Route, error: Error | undefined): Ensured => ({
    digest,
    warning: `this may be an older copy of what ${host} has: ${error === undefined ? 'it does not respond' : summaryOf(error)}`,
  })

  /** Waits for a moment. What comes later is for the next one who asks. */
  const soon = async (work: Promise<Ensured>): Promise<Ensured | typeof late> => {
    let timer: NodeJS.Timeout | undefined
    const over = new Promise<typeof late>((resolve) => {
      timer = setTimeout(resolve, patience, late)
    })
    return Promise.race([work, over]).finally(() => clearTimeout(timer))
  }

  const ensureTag = async (route: Route, tag: string): Promise<Ensured> => {
    const { local, upstream } = route
    const failed = failures.get(`${askedAs(route)}:${tag}`)
    const link = await registry.tags.get(local, tag)
    if (link === undefined) {
      if (failed !== undefined) throw failed
      return renew(route, tag)
    }
    const { target } = link
    const age = ageOf(await stateOf(route, tag, target))
    if (age < upstream.interval) return { digest: target }
    if (failed !== undefined) return stale(target, route, failed)
    const renewing = renew(route, tag)
    renewing.catch((error: Error) => report(route, tag, error))
    if (behind !== undefined && age < 2 * upstream.interval) {
      behind(renewing.catch(() => {}))
      return { digest: target }
    }
    try {
      // Where nothing goes on behind, what is left now would be begun anew by each client, and never end.
      const renewed = await (behind === undefined ? renewing : soon(renewing))
      return renewed === late ? stale(target, route, undefined) : renewed
    } catch (error) {
      return stale(target, route, error as Error)
    }
  }

  const ensureDigest = async (route: Route, digest: Digest): Promise<Ensured> => {
    if (await fetch.has(route, digest)) return { digest }
    const failed = failures.get(`${askedAs(route)}@${digest}`)
    if (failed !== undefined) throw failed
    await fetchDigest(route, digest)
    return { digest, fetched: true }
  }

  return (route, { tag, digest }) =>
    digest === undefined ? ensureTag(route, tag) : ensureDigest(route, digest)
}
