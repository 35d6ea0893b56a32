/**
 * Upstreams behind the port that the API has to them: what they cannot give, in words and codes for clients.
 *
 * @module
 */

import { tmpdir } from 'node:os'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RequestLogger } from '../api/env.ts'
import { RequestError } from '../api/errors.ts'
import type { FindSource, PulledThrough } from '../api/upstream-port.ts'
import type { Audit } from '../auth/audit.ts'
import { RegistryError, type RegistryErrorCode } from '../registry/errors.ts'
import type { Registry } from '../registry/registry.ts'
import { once } from '../shared/once.ts'
import { readingSecrets } from '../shared/secrets.ts'
import type { ObjectStore } from '../storage/store.ts'
import { createClaims } from '../upstreams/blobs/claim.ts'
import { createFills } from '../upstreams/blobs/fill.ts'
import { summaryOf, UpstreamError } from '../upstreams/client/failure.ts'
import { createAsking } from '../upstreams/client/hosts-asked.ts'
import { createLists } from '../upstreams/lists/lists.ts'
import { createEnsure } from '../upstreams/manifests/ensure.ts'
import { parseUpstreams } from '../upstreams/parse.ts'
import { type Route, routing } from '../upstreams/route.ts'
import type { PullResult, UpstreamWatch } from '../upstreams/watch.ts'

export interface UpstreamsOptions {
  readonly store: ObjectStore
  /** Where secrets are that the document names. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly registry: Registry
  readonly logger: RequestLogger
  readonly audit: Audit
  readonly fetching: Fetching
  /** Who counts. Default: nobody does. */
  readonly watch?: UpstreamWatch | undefined
  /** Clock in milliseconds since 1970. */
  readonly now?: () => number
}

/** What goes on behind the backs of clients, and ends with the host. */
export interface Fetching {
  /** Says that it is to end. */
  readonly signal: AbortSignal
  /** Is given work that is under way, and never rejects. */
  behind(work: Promise<unknown>): void
}

/** Seconds after which clients may try again where nobody knows better. */
const RETRY_AFTER = 5

/** Loaded only where a variable has an ARN. */
const openStoredSecrets = once(async () => {
  const { storedSecrets } = await import('./aws/stored-secrets.ts')
  return storedSecrets()
})

/** What a client is told of a failure. @param unknown the code for what is not there */
const told = (
  { host }: Route,
  cause: unknown,
  unknown: RegistryErrorCode,
  what: string,
): unknown => {
  // The upstream has something that no registry of this kind can have.
  if (cause instanceof RegistryError && cause.code === 'MANIFEST_INVALID') {
    return new RegistryError(unknown, `${what} cannot be had from ${host}: ${cause.message}`, {
      cause,
    })
  }
  if (!(cause instanceof UpstreamError)) return cause
  const { failure, retryAfter } = cause
  const why = `${what} cannot be had from ${host}: ${summaryOf(cause)}`
  if (failure === 'unknown' || failure === 'denied') {
    return new RegistryError(unknown, why, { cause })
  }
  return new RequestError(failure === 'busy' ? 'UPSTREAM_BUSY' : 'UPSTREAM_AWAY', why, {
    cause,
    retryAfter: retryAfter === undefined ? RETRY_AFTER : Math.ceil(retryAfter / 1000),
  })
}

const telling = async <T>(
  route: Route,
  work: Promise<T>,
  unknown: RegistryErrorCode,
  what: string,
): Promise<T> => {
  try {
    return await work
  } catch (error) {
    throw told(route, error, unknown, what)
  }
}

/**
 * What the upstreams of a document give.
 *
 * @returns undefined where it has none
 * @throws DocumentError
 */
export const createPullThrough = (
  text: string,
  { store, env, registry, logger, fetching, watch, now = Date.now }: UpstreamsOptions,
): FindSource | undefined => {
  const upstreams = parseUpstreams(text)
  if (upstreams.length === 0) return undefined
  const { signal, behind } = fetching
  /** Until then, or until the end. */
  const wait = (milliseconds: number) =>
    sleep(milliseconds, undefined, { signal }).catch(() => undefined)
  const routeOf = routing(upstreams)
  const askAt = createAsking({
    readSecret: readingSecrets(env, async (arn) => (await openStoredSecrets())(arn)),
    now,
    signal,
    watch,
  })
  const lists = createLists(askAt, now)
  const ensure = createEnsure({
    registry,
    store,
    askAt,
    now,
    report: ({ host, local }, tag, err) =>
      logger.warn(
        { err, host, repository: local, tag },
        'an upstream failed: what is here is served',
      ),
    behind,
  })
  const fill = createFills({
    registry,
    store,
    askAt,
    takeClaim: createClaims({ store, signal, wait }),
    directory: tmpdir(),
    signal,
    behind,
    report: ({ host, local }, digest, err) =>
      logger.warn(
        { err, host, repository: local, digest },
        'a blob of an upstream could not be stored',
      ),
    now,
    wait,
    watch,
  })

  /** What becomes of a pull. */
  const counting = async <T>(
    kind: 'manifest' | 'blob',
    work: Promise<T>,
    resultOf: (got: T) => PullResult | undefined,
  ): Promise<T> => {
    try {
      const got = await work
      const result = resultOf(got)
      if (result !== undefined) watch?.pulled(kind, result)
      return got
    } catch (error) {
      watch?.pulled(kind, 'failed')
      throw error
    }
  }

  const sourceAt = (route: Route): PulledThrough => {
    const { local, host, upstream } = route
    const blob = (digest: string): string => `the blob ${digest} of ${local}`
    return {
      name: local,
      host,
      upstream: upstream.name,
      manifest: (reference) => {
        const what = `the manifest ${reference.digest ?? reference.tag} of ${local}`
        const ensuring = counting('manifest', ensure(route, reference), (got) =>
          got.warning === undefined ? (got.fetched ? 'miss' : 'hit') : 'stale',
        )
        return telling(route, ensuring, 'MANIFEST_UNKNOWN', what)
      },
      tags: () => telling(route, lists.tags(route), 'NAME_UNKNOWN', `the tags of ${local}`),
      referrers: (subject) =>
        telling(
          route,
          lists.referrers(route, subject),
          'NAME_UNKNOWN',
          `the referrers of ${subject} in ${local}`,
        ),
      served(bytes) {
        watch?.pulled('blob', 'hit')
        if (bytes !== undefined) watch?.saved(bytes)
      },
      stat: (digest) =>
        telling(route, askAt(route).repository.stat(digest), 'BLOB_UNKNOWN', blob(digest)),
      async blob(digest, range) {
        // What is here is counted when it is served.
        const filling = counting(
          'blob',
          fill(route, digest, range),
          (got) => got && (got.shared ? 'shared' : 'miss'),
        )
        const arriving = await telling(route, filling, 'BLOB_UNKNOWN', blob(digest))
        return (
          arriving && { ...arriving, body: Readable.from(arriving.body, { objectMode: false }) }
        )
      },
    }
  }

  return async (name, namespace) => {
    const route = routeOf(name, namespace)
    return typeof route === 'string' ? route : sourceAt(route)
  }
}
