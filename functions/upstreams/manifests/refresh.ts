/**
 * Asks an upstream now, whenever it was asked last.
 *
 * @module
 */

import type { Digest, Reference } from '../../registry/reference.ts'
import { inBatches } from '../../shared/parallel.ts'
import type { Route } from '../route.ts'
import { createFetch, type FetchOptions } from './fetch.ts'
import { readTagState, unasked } from './tag-state.ts'

/** What a tag or digest is now. */
export interface Refreshed {
  readonly digest: Digest
  /** What it was here before; undefined: it was not. */
  readonly was: Digest | undefined
}

/** Asks for a manifest, and has it here. @throws UpstreamError, and what a push throws */
export type Refresh = (route: Route, reference: Reference) => Promise<Refreshed>

/** Makes what asks. */
export const createRefresh = (options: FetchOptions): Refresh => {
  const { registry, store } = options
  const fetch = createFetch(options)

  const refreshTag = async (route: Route, tag: string): Promise<Refreshed> => {
    const { local } = route
    const was = (await registry.tags.get(local, tag))?.target
    const state = was && (await readTagState(store, local, tag))
    const known = was && (state?.digest === was ? state : unasked(was))
    const { digest } = await fetch.byTag(route, tag, known)
    return { digest, was }
  }

  return async (route, { tag, digest }) => {
    if (digest === undefined) return refreshTag(route, tag)
    const isHere = await fetch.has(route, digest)
    if (!isHere) await fetch.byDigest(route, digest)
    return { digest, was: isHere ? digest : undefined }
  }
}

/** What became of a tag or digest. */
export interface Outcome {
  readonly reference: string
  /** As in {@link Refreshed}. */
  readonly digest?: Digest | undefined
  readonly was?: Digest | undefined
  /** Why the upstream did not say. */
  readonly failure?: string | undefined
}

/** Tags that are asked for at a time. */
export const AT_ONCE = 8

/** Asks for several manifests of a repository. Whatever goes wrong is an outcome. */
export const refreshAll = (
  refresh: (reference: Reference) => Promise<Refreshed>,
  references: readonly Reference[],
): Promise<readonly Outcome[]> =>
  inBatches(
    references,
    async (each) => {
      const reference = each.digest ?? each.tag
      try {
        return { reference, ...(await refresh(each)) }
      } catch (error) {
        return { reference, failure: error instanceof Error ? error.message : String(error) }
      }
    },
    AT_ONCE,
  )
