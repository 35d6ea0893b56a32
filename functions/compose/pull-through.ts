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
import type { Digest, Reference } from '../registry/reference.ts'
import type { Registry } from '../registry/registry.ts'
import type { ObjectStore } from '../storage/store.ts'
import { createClaims, createHandedClaims } from '../upstreams/blobs/claim.ts'
import { createElsewhere, type WantedBlob } from '../upstreams/blobs/elsewhere.ts'
import {
  CopiedElsewhere,
  createFills,
  type FillBlob,
  type FillOptions,
  type Room,
} from '../upstreams/blobs/fill.ts'
import { createStat } from '../upstreams/blobs/stat.ts'
import { summaryOf, UpstreamError } from '../upstreams/client/failure.ts'
import { type AskAt, createAsking } from '../upstreams/client/hosts-asked.ts'
import type { Patience } from '../upstreams/client/request.ts'
import { pseudonymFor, viaAfter } from '../upstreams/client/via.ts'
import { createLists } from '../upstreams/lists/lists.ts'
import { createEnsure } from '../upstreams/manifests/ensure.ts'
import { createFailures } from '../upstreams/manifests/failures.ts'
import { createRefresh } from '../upstreams/manifests/refresh.ts'
import { parseUpstreams } from '../upstreams/parse.ts'
import { type Route, routing } from '../upstreams/route.ts'
import type { PullResult, UpstreamWatch } from '../upstreams/watch.ts'
import { createPushThrough } from './push-through.ts'
import { upstreamSecrets } from './upstream-secrets.ts'
import { createWithin } from './within.ts'

export interface UpstreamsOptions {
  readonly store: ObjectStore
  /** Where secrets are that the document names. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly registry: Registry
  /** What all servers of the registry share, and nobody else has. */
  readonly secret: () => Promise<Uint8Array>
  readonly logger: RequestLogger
  readonly audit: Audit
  /** What the host can do. */
  readonly fetching: Fetching | Passing
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
  /** What the host has room for. Default: anything. */
  readonly room?: Room | undefined
}

/** On a host that stands still between requests, and that bytes cannot pass through. */
export interface Passing {
  /** Milliseconds that upstreams may take of a request. */
  readonly most: number
  /** How long a response, and a body that stands still, is waited for. */
  readonly patience: Patience
  /** Whether another host streams blobs. */
  readonly streams: boolean
  /** Bytes of the largest blob that is copied while the client waits, where nothing streams it. */
  readonly atOnce: number
  /** Has a blob copied into the store, and does not wait for that. */
  start(wanted: WantedBlob): Promise<void>
}

/** Seconds after which clients may try again where nobody knows better. */
const RETRY_AFTER = 5
/** The same while a blob is copied that the host itself has no room for. */
const COPYING = 10

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
  if (cause instanceof CopiedElsewhere) {
    return new RequestError(
      'UPSTREAM_AWAY',
      `${what} is being copied from ${host}: try again in ${COPYING} s`,
      { cause, retryAfter: COPYING },
    )
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

const openFills = (
  { signal, behind, room }: Fetching,
  { registry, store, watch, now = Date.now }: UpstreamsOptions,
  askAt: AskAt,
  report: FillOptions['report'],
): FillBlob => {
  /** Until then, or until the end. */
  const wait = (milliseconds: number) =>
    sleep(milliseconds, undefined, { signal }).catch(() => undefined)
  const takeClaim = createClaims({ store, signal, wait })
  const directory = tmpdir()
  return createFills({
    ...{
      registry,
      store,
      askAt,
      takeClaim,
      directory,
      signal,
      behind,
      report,
      now,
      wait,
      watch,
      room,
    },
  })
}

/**
 * What the upstreams of a document give.
 *
 * @returns undefined where it has none
 * @throws DocumentError
 */
export const createPullThrough = (
  text: string,
  options: UpstreamsOptions,
): FindSource | undefined => {
  const { store, env, registry, secret, logger, fetching, watch, now = Date.now } = options
  const upstreams = parseUpstreams(text)
  if (upstreams.length === 0) return undefined
  const passing = 'start' in fetching ? fetching : undefined
  const behind = 'behind' in fetching ? fetching.behind : undefined
  const within = passing && createWithin(passing.most)
  const routeOf = routing(upstreams)
  const askAt = createAsking({
    ...upstreamSecrets(env),
    now,
    watch,
    ...('signal' in fetching && { signal: fetching.signal }),
    ...(passing && { patience: passing.patience, keeps: false, signalNow: within?.signal }),
  })
  const lists = createLists(askAt, now)
  const stat = createStat(askAt, now)
  const refresh = createRefresh({ registry, store, askAt, now })
  const failures = createFailures(now)
  const ensure = createEnsure({
    registry,
    store,
    askAt,
    now,
    failures,
    report: ({ host, local }, tag, err) =>
      logger.warn(
        { err, host, repository: local, tag },
        'an upstream failed: what is here is served',
      ),
    behind,
  })
  const reportUnstored = ({ host, local }: Route, digest: Digest, err: unknown): void =>
    logger.warn(
      { err, host, repository: local, digest },
      'a blob of an upstream could not be stored',
    )
  const fill =
    'behind' in fetching ? openFills(fetching, options, askAt, reportUnstored) : undefined
  const room = 'behind' in fetching ? fetching.room : undefined
  // What takes long, or goes on behind the backs of clients, is for hosts that stay.
  const pushes =
    behind === undefined || room !== undefined
      ? undefined
      : createPushThrough({ registry, store, askAt, logger, behind, failures, routeOf })
  const start = passing?.start ?? room?.start
  const elsewhere =
    start &&
    createElsewhere({
      registry,
      store,
      askAt,
      claims: createHandedClaims(store, now),
      // Where there is room for some, those alone are streamed that are to be had nowhere else.
      streams: passing?.streams ?? true,
      atOnce: passing?.atOnce ?? 0,
      wait: sleep,
      signal: () => within?.signal(),
      start,
      report: reportUnstored,
      now,
    })
  /** Tells of failures. */
  const tell = <T>(
    route: Route,
    work: () => Promise<T>,
    unknown: RegistryErrorCode,
    what: string,
  ): Promise<T> => telling(route, within ? within.run(work) : work(), unknown, what)

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

  const pseudonym = pseudonymFor(secret)

  const sourceAt = (route: Route): PulledThrough => {
    const { local, host, upstream } = route
    const blob = (digest: string): string => `the blob ${digest} of ${local}`
    const manifest = ({ tag, digest }: Reference): string =>
      `the manifest ${digest ?? tag} of ${local}`
    return {
      name: local,
      host,
      again: route.via === undefined,
      upstream: upstream.name,
      pushes: upstream.writable ? (pushes?.(route) ?? 'not here') : undefined,
      refresh: (reference) =>
        tell(route, () => refresh(route, reference), 'MANIFEST_UNKNOWN', manifest(reference)),
      manifest: (reference) => {
        const ensuring = () =>
          counting('manifest', ensure(route, reference), (got) =>
            got.warning === undefined ? (got.fetched ? 'miss' : 'hit') : 'stale',
          )
        return tell(route, ensuring, 'MANIFEST_UNKNOWN', manifest(reference))
      },
      tags: () => tell(route, () => lists.tags(route), 'NAME_UNKNOWN', `the tags of ${local}`),
      referrers: (subject) =>
        tell(
          route,
          () => lists.referrers(route, subject),
          'NAME_UNKNOWN',
          `the referrers of ${subject} in ${local}`,
        ),
      served(bytes) {
        watch?.pulled('blob', 'hit')
        if (bytes !== undefined) watch?.saved(bytes)
      },
      stat: (digest) => tell(route, () => stat(route, digest), 'BLOB_UNKNOWN', blob(digest)),
      streams: fill !== undefined,
      ...(elsewhere && {
        elsewhere: async (digest: Digest, method: 'GET' | 'HEAD') => {
          const finding = () =>
            counting('blob', elsewhere(route, digest, method), (got) =>
              got === 'here' || (got === 'nowhere' && fill) ? undefined : 'miss',
            )
          const found = await tell(route, finding, 'BLOB_UNKNOWN', blob(digest))
          if (found === 'nowhere' && fill) return 'streamed'
          return found instanceof URL ? found.href : found
        },
      }),
      async blob(digest, range) {
        // What is here is counted when it is served.
        const filling = () =>
          counting(
            'blob',
            fill ? fill(route, digest, range) : Promise.resolve(undefined),
            (got) => got && (got.shared ? 'shared' : 'miss'),
          )
        const arriving = await tell(route, filling, 'BLOB_UNKNOWN', blob(digest))
        return (
          arriving && { ...arriving, body: Readable.from(arriving.body, { objectMode: false }) }
        )
      },
    }
  }

  return async (name, namespace, header) => {
    const route = routeOf(name, namespace)
    if (typeof route === 'string') return route
    const via = viaAfter(await pseudonym(), header)
    return sourceAt(via === undefined ? route : { ...route, via })
  }
}
