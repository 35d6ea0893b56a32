/**
 * Copies blobs of upstreams for clients who were sent elsewhere for them.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { RequestLogger } from '../../api/env.ts'
import { readDocument } from '../../auth/document.ts'
import { heedingFence, raisingFence } from '../../registry/clean-up/fence.ts'
import { RegistryError } from '../../registry/errors.ts'
import { UPSTREAMS_KEY } from '../../registry/layout.ts'
import { isDigest, isName } from '../../registry/reference.ts'
import { createRegistry, type Registry } from '../../registry/registry.ts'
import * as z from '../../shared/schema.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { createHandedClaims } from '../../upstreams/blobs/claim.ts'
import { type CopyWanted, createCopy } from '../../upstreams/blobs/copy.ts'
import { UpstreamError } from '../../upstreams/client/failure.ts'
import { createAsking } from '../../upstreams/client/hosts-asked.ts'
import { pseudonymFor, viaAfter } from '../../upstreams/client/via.ts'
import { parseUpstreams } from '../../upstreams/parse.ts'
import { routing } from '../../upstreams/route.ts'
import { openUploadSecret } from '../open-store.ts'
import { uploadMemoryFor } from '../process-memory.ts'
import type { Settings } from '../settings.ts'
import { upstreamSecrets } from '../upstream-secrets.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Milliseconds before its end at which an invocation ends its requests. */
const STOP_BEFORE = 15_000
/** Milliseconds that are left for the end of a copy, in which the store verifies and copies it once more. */
const END = 120_000

/** One invocation. */
export interface Invocation {
  /** Milliseconds until it is ended. */
  readonly left: () => number
  /** Has the copy continued by another. */
  readonly goOn: (wanted: CopyWanted) => Promise<void>
}

const event = z.object({
  name: z.string().check(z.refine(isName)),
  digest: z.string().check(z.refine(isDigest)),
  claim: z.string(),
  begun: z.optional(z.object({ uuid: z.string(), state: z.string() })),
})

/** @throws Error for what is no event of the function behind the API, or of this one */
export const wantedIn = (given: unknown): CopyWanted => {
  const { data } = event.safeParse(given)
  if (data === undefined) throw new Error('the event names no blob that is to be copied')
  return data as CopyWanted
}

/** The registry as it is written to by copies, and what it is called. */
export const openFilling = (
  settings: Settings,
  env: Environment,
  store: ObjectStore,
): Pick<FillParts, 'registry' | 'pseudonym'> => {
  const secret = openUploadSecret(settings, env, store)
  const registry = createRegistry({
    store,
    uploadSecret: secret,
    uploadLife: settings['upload-life'],
    cleanUp: settings.gc ? raisingFence(store, () => {}) : heedingFence(store).follows,
    uploadMemory: settings['upload-memory'] ?? uploadMemoryFor(),
  })
  return { registry, pseudonym: pseudonymFor(secret) }
}

export interface FillParts {
  readonly store: ObjectStore
  readonly registry: Registry
  /** What the registry is called where a request has come through it. */
  readonly pseudonym: () => Promise<string>
  readonly env: Environment
  readonly logger: RequestLogger
}

/**
 * Copies a blob, or a part of it.
 *
 * @throws StoreError, DocumentError, and whatever ends it when its time is over; what is wrong with an upstream is in the
 *   log alone
 */
export const fillBlob = async (
  { store, registry, pseudonym, env, logger }: FillParts,
  wanted: CopyWanted,
  { left, goOn }: Invocation,
): Promise<void> => {
  const { name: repository, digest } = wanted
  const text = await readDocument(store, UPSTREAMS_KEY)
  const route = routing(text === undefined ? [] : parseUpstreams(text))(repository)
  if (typeof route === 'string' || route.local !== repository) {
    logger.warn({ repository, digest }, 'a repository comes from no upstream any more')
    return
  }
  const ending = AbortSignal.timeout(Math.max(left() - STOP_BEFORE, 0))
  const copy = createCopy({
    registry,
    store,
    askAt: createAsking({
      ...upstreamSecrets(env),
      signal: ending,
    }),
    claims: createHandedClaims(store),
    signal: ending,
    wait: (milliseconds) => sleep(milliseconds, undefined, { signal: ending }).catch(() => {}),
    isOver: (longest) => left() < END + STOP_BEFORE + 2 * longest,
    clock: () => performance.now(),
  })
  const began = performance.now()
  try {
    const via = viaAfter(await pseudonym(), undefined)
    const outcome = await copy(via === undefined ? route : { ...route, via }, wanted)
    const took = Math.round(performance.now() - began)
    if (typeof outcome === 'object') await goOn(outcome)
    const state = typeof outcome === 'object' ? 'continued' : outcome
    logger.info({ repository, digest, host: route.host, outcome: state, took }, 'copy')
  } catch (err) {
    const isUpstreams =
      err instanceof UpstreamError ||
      (err instanceof RegistryError && err.code === 'DIGEST_INVALID')
    // That the time was not enough is told by the alarm: perhaps it never will be.
    if (!isUpstreams || ending.aborted) throw err
    logger.warn(
      { err, host: route.host, repository, digest },
      'a blob of an upstream could not be stored',
    )
  }
}
