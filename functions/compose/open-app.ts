/**
 * The app that the settings describe. Hosts differ only in how requests reach it.
 *
 * @module
 */

import type { Hono } from 'hono'
import type { Logger } from 'pino'
import { createApp } from '../api/app.ts'
import type {
  AdminDesk,
  AppEnv,
  AppOptions,
  BodyLimit,
  PullSeen,
  RequestLogger,
} from '../api/env.ts'
import { createPullTickets } from '../api/pull-ticket.ts'
import { hashPassword, inTurn, type VerifyPassword } from '../auth/accounts/bcrypt.ts'
import type { Audit } from '../auth/audit.ts'
import type { CertificateAuthorities } from '../auth/certificate.ts'
import type { Throttle } from '../auth/throttle/throttle.ts'
import type { Guard } from '../guard/door.ts'
import type { GuardParts } from '../guard/open.ts'
import { heedingFence, raisingFence } from '../registry/clean-up/fence.ts'
import type { PullEvents } from '../registry/happened.ts'
import { UPLOAD_SECRET_KEY } from '../registry/layout.ts'
import { createRegistry, type Registry } from '../registry/registry.ts'
import type { Hashing } from '../registry/uploads/hash.ts'
import type { UploadLimits } from '../registry/uploads/limits.ts'
import type { UploadMemory } from '../registry/uploads/memory.ts'
import { once } from '../shared/once.ts'
import type { ObjectStore } from '../storage/store.ts'
import type { EmbeddedMetrics } from './embedded-metrics.ts'
import { createLogger } from './logger.ts'
import { openAccess } from './open-access.ts'
import { openEvents } from './open-events.ts'
import { openQuotas, reportSoftLimit } from './open-quotas.ts'
import { openRules } from './open-rules.ts'
import {
  isBucketInPath,
  openStore,
  openStoreHost,
  openUploadSecret,
  withReplica,
} from './open-store.ts'
import type { LiveUpstreams } from './open-upstreams.ts'
import { pageDesk } from './page-desk.ts'
import { uploadMemoryFor } from './process-memory.ts'
import type { UpstreamsOptions } from './pull-through.ts'
import type { Settings } from './settings.ts'

/** Who follows requests, and what each of them waits for: the same things, with somebody around them. */
export interface Follower {
  readonly requests: NonNullable<AppOptions['follow']>
  readonly access: <A extends Pick<AppOptions, 'authorizer' | 'issuing'>>(access: A) => A
  readonly store: (store: ObjectStore, kind: Settings['store']['kind']) => ObjectStore
}

/** What depends on the host. */
export interface HostOptions {
  /** See `AppOptions.redirectHeads`. */
  readonly redirectHeads: boolean
  /** Set where the host limits request bodies. */
  readonly bodyLimit?: BodyLimit
  /** Set where the host limits how long a request takes. */
  readonly uploadLimits?: UploadLimits
  /** Default: one that writes to standard output. */
  readonly logger?: Logger
  /** Compares passwords where that must not keep other requests waiting; by default on this thread. */
  readonly verifyPassword?: VerifyPassword
  /** Begins a log-in where several processes count failed ones together; by default this one counts its own. */
  readonly attempt?: Throttle['attempt'] | undefined
  /** See `RegistryOptions`. */
  readonly linkChanged?: ((key: string) => Promise<void>) | undefined
  /** Hashes new passwords, likewise. */
  readonly hashPassword?: (password: string) => Promise<string>
  /** Where hashes of uploads are computed; by default on this thread. */
  readonly hashing?: Hashing
  /** Whether there is an admin API where the settings do not say. Default: no. */
  readonly adminApi?: boolean
  /** Whether there is a page where the settings do not say. Default: no. */
  readonly page?: boolean
  /** Whether only this machine can reach it. */
  readonly onlyLocal: boolean
  /** Whose certificates let callers in. */
  readonly authorities?: CertificateAuthorities | undefined
  /** Where pulls are noted. Default: nowhere. */
  readonly pulled?: PullSeen | undefined
  /** See `AppOptions`. */
  readonly pullEvents?: PullEvents | undefined
  /** See `AppOptions.remains`. */
  readonly remains?: (() => void) | undefined
  /** Is told that an event waits to be delivered. Takes no time. Default: it is found later. */
  readonly eventRecorded?: (() => void) | undefined
  /** What `/readyz` says of the store. Default: that it is ready. */
  readonly isReady?: (store: ObjectStore) => boolean
  /** The store as the host watches it, and who is told of lookups in memory. Default: nobody watches. */
  readonly watch?:
    | {
        readonly store: (store: ObjectStore, kind: Settings['store']['kind']) => ObjectStore
        readonly looked: (found: boolean) => void
        readonly guarded?: GuardParts['watch']
      }
    | undefined
  /** What follows requests, access control and calls of the store. Default: nobody does. */
  readonly traces?: Follower | undefined
  /** Follows the document of upstreams. Absent: the host cannot fetch, and all repositories are its own. */
  readonly openUpstreams?:
    | ((parts: Omit<UpstreamsOptions, 'fetching'>) => LiveUpstreams)
    | undefined
  /** Whether it can serve a blob itself, where a redirect would take the client's credentials along. */
  readonly directIfNecessary: boolean
}

/** The app and what it stands on. */
export interface OpenApp {
  readonly app: Hono<AppEnv>
  readonly store: ObjectStore
  readonly logger: RequestLogger
  /** See `AppOptions.storeHost`. */
  readonly storeHost: () => Promise<string | undefined>
  readonly audit: Audit
  readonly memory: UploadMemory
  /** See `Registry`. */
  readonly dropLink: (key: string) => void
  /** See `OpenAccess`. */
  readonly isSetUp: () => Promise<boolean>
  readonly policyNotes: () => Promise<readonly string[]>
  /**
   * Fetches what the first upload would otherwise have to wait for.
   *
   * @throws StoreError when the store cannot be read, KMSServiceException when a key cannot be used
   */
  readonly warmUp: () => Promise<void>
  /** Looks whether there are upstreams by now, or others: for hosts that fetch. Never throws. */
  readonly lookForUpstreams: () => Promise<void>
  /** Looks whether a clean-up may run on the store by now: for hosts that live for long. */
  readonly lookForFence: () => Promise<void>
}

/** What the admin API works on. */
const adminDesk = (settings: Settings, store: ObjectStore, options: HostOptions): AdminDesk => ({
  store,
  now: Date.now,
  hashPassword: inTurn(options.hashPassword ?? hashPassword),
  policyInFile: settings.policy !== undefined,
  grace: settings['gc-grace'],
  wake: options.eventRecorded,
})

/** The index for search; loaded by the first search. */
const openIndex = (store: ObjectStore): AppOptions['index'] =>
  once(async () => (await import('../search/current.ts')).openCurrent(store))

/** What looks around; loaded by the first request of its kind. */
const openBrowse = (store: ObjectStore, registry: Registry): AppOptions['browse'] =>
  once(async () => (await import('../page/browser.ts')).openBrowser(store, registry))

/** What is loaded only where there is an edge. */
const edgeOf = async (
  settings: Settings,
  env: Readonly<Record<string, string | undefined>>,
  uploadSecret: () => Promise<Uint8Array>,
): Promise<AppOptions['edge']> => {
  if (settings.edge === 'off') return undefined
  const { openEdge } = await import('./edge.ts')
  return openEdge(settings, uploadSecret, isBucketInPath(settings, env))
}

/** What is loaded only where old clients are served. */
const schema1Of = async (
  settings: Settings,
  store: ObjectStore,
  registry: Registry,
  secret: () => Promise<Uint8Array>,
): Promise<AppOptions['schema1']> => {
  if (!settings.schema1) return undefined
  const { openSchema1 } = await import('./schema1.ts')
  return openSchema1(settings, { store, registry, secret, now: Date.now })
}

/** What looks at guarded repositories; loaded where the policy has any. */
const guardOf = (parts: Omit<GuardParts, 'now'>): (() => Promise<Guard>) =>
  once(async () => (await import('../guard/open.ts')).openGuard({ ...parts, now: Date.now }))

/** The same of clients that are older still. */
const firstApiOf = async (
  settings: Settings,
  store: ObjectStore,
  registry: Registry,
  secret: () => Promise<Uint8Array>,
): Promise<AppOptions['v1']> => {
  if (!settings.v1) return undefined
  const { openFirstApi } = await import('./v1.ts')
  const readOnly = settings['read-only']
  return openFirstApi({ store, registry, secret, readOnly, now: Date.now })
}

/** What is loaded only where the log is counted. */
const embeddedOf = async (settings: Settings): Promise<EmbeddedMetrics | undefined> => {
  const namespace = settings['metrics-namespace']
  if (namespace === undefined) return undefined
  return (await import('./embedded-metrics.ts')).embeddedMetrics(namespace)
}

/** How a function notes pulls; loaded only where it does. */
export const openLoggedPulls = async (
  settings: Settings,
  logger: RequestLogger,
): Promise<PullSeen | undefined> => {
  if (!settings.pulls) return undefined
  const { loggedPulls } = await import('./pulls.ts')
  return loggedPulls(settings['pulls-except'], logger)
}

/**
 * Opens the store and builds the app over it. Nothing is read from the store yet.
 *
 * @throws SettingsError when a file that the settings name cannot be used
 */
export const openApp = async (
  settings: Settings,
  env: Readonly<Record<string, string | undefined>>,
  options: HostOptions,
): Promise<OpenApp> => {
  const { redirectHeads, bodyLimit, uploadLimits, onlyLocal, directIfNecessary } = options
  const logger = options.logger ?? createLogger(settings)
  const first = await openStore(settings, env, (doing, err) => {
    logger.debug({ doing, err }, 'a request to S3 is repeated through the SDK')
  })
  const bare = await withReplica(settings, env, first, (asked, err) => {
    logger.warn({ asked, err }, 'one of two buckets does not respond: the other is read')
  })
  const { watch, traces } = options
  const { kind } = settings.store
  const embedded = await embeddedOf(settings)
  const counted = embedded ? embedded.store(bare) : bare
  const watched = watch ? watch.store(counted, kind) : counted
  const store = traces ? traces.store(watched, kind) : watched
  const { isSetUp, checkKeys, policyNotes, sessions, ...access } = await openAccess(
    settings,
    env,
    store,
    logger,
    onlyLocal,
    {
      verifyPassword: options.verifyPassword,
      attempt: options.attempt,
      authorities: options.authorities,
    },
  )
  const uploadSecret = openUploadSecret(settings, env, store)
  const storeHost = openStoreHost(store)
  const heeding = heedingFence(store)
  const events = settings['read-only']
    ? undefined
    : openEvents(store, { logger, audit: access.audit, wake: options.eventRecorded })
  const registry = createRegistry({
    store,
    uploadSecret,
    accepts: async (push) => {
      const required = await access.authorizer.required?.(push.repository)
      if (required !== undefined) (await guard()).push(required, push)
    },
    uploadLife: settings['upload-life'],
    uploadLimits,
    hashing: options.hashing,
    linkChanged: options.linkChanged,
    requiredChildren: settings['index-children'],
    rules: openRules(store, logger, access.audit),
    quotas: openQuotas(store, logger, access.audit),
    softLimit: reportSoftLimit(logger),
    events,
    undeletes: settings['undelete-days'] > 0,
    readOnly: settings['read-only'],
    cleanUp: settings.gc
      ? raisingFence(store, (err) => logger.warn({ err }, 'no clean-up can run yet'))
      : heeding.follows,
    uploadMemory: settings['upload-memory'] ?? uploadMemoryFor(),
    report: ({ key, why }) => logger.warn({ key }, `damaged: the object ${why}`),
    contentLooked: watch?.looked,
  })
  const { audit } = access
  const guard = guardOf({ audit, store, registry, watch: watch?.guarded })
  const upstreams = settings['read-only']
    ? undefined
    : options.openUpstreams?.({
        ...{ store, env, registry, secret: uploadSecret, logger, audit },
        watch: embedded?.upstreams,
      })
  const app = createApp({
    ...(traces ? traces.access(access) : access),
    follow: traces?.requests,
    measure: embedded?.measure,
    storeHost: directIfNecessary ? storeHost : undefined,
    publicUrl: settings['public-url'],
    uploadOrigin: settings['upload-origin'],
    edge: await edgeOf(settings, env, uploadSecret),
    origins: settings.cors,
    registry,
    guard,
    schema1: await schema1Of(settings, store, registry, uploadSecret),
    v1: await firstApiOf(settings, store, registry, uploadSecret),
    logger,
    isReady: () => options.isReady?.(store) ?? true,
    auditPulls: settings['audit-pulls'],
    pulled: options.pulled,
    pullEvents: options.pullEvents,
    redirects: settings.redirects && store.presign !== undefined,
    direct: settings['direct-for'],
    redirectHeads,
    bodyLimit,
    redirectManifestHeads: settings['manifest-heads'] === 'redirect',
    readOnly: settings['read-only'],
    upstreams,
    tickets: upstreams && createPullTickets(uploadSecret),
    undeleteDays: settings['undelete-days'],
    index: openIndex(store),
    browse: openBrowse(store, registry),
    remains: options.remains,
    page: (settings.page ?? options.page) ? pageDesk(access.issuing, sessions) : undefined,
    admin:
      (settings['admin-api'] ?? options.adminApi)
        ? { ...adminDesk(settings, store, options), events }
        : undefined,
  })
  const warmUp = async (): Promise<void> => {
    // A read-only registry needs no secret, and may not be able to write one.
    const secret = settings['read-only'] ? store.head(UPLOAD_SECRET_KEY) : uploadSecret()
    await Promise.all([secret, checkKeys(), heeding.look(), upstreams?.look()])
  }
  return {
    app,
    store,
    logger,
    audit: access.audit,
    storeHost,
    memory: registry.memory,
    dropLink: registry.dropLink,
    isSetUp,
    policyNotes,
    warmUp,
    lookForFence: heeding.look,
    lookForUpstreams: async () => upstreams?.look(),
  }
}
