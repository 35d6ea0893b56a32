/**
 * Access control as the settings and the documents in the store define it.
 *
 * @module
 */

import type { AppOptions, RequestLogger } from '../api/env.ts'
import { auditLog } from '../api/middleware/log.ts'
import { createAccessControl, isUnconfigured } from '../auth/access-control.ts'
import { createAccounts } from '../auth/accounts/accounts.ts'
import type { VerifyPassword } from '../auth/accounts/bcrypt.ts'
import { type Audit, changed } from '../auth/audit.ts'
import { openAuthorizer } from '../auth/authorizer.ts'
import type { CertificateAuthorities } from '../auth/certificate.ts'
import { type Issuers, liveIssuers } from '../auth/issuers/document.ts'
import type { SigningKeys } from '../auth/keys/signing-keys.ts'
import { checkStoredKeys, storedSigningKeys } from '../auth/keys/stored-keys.ts'
import type { Live, LiveEvent, LiveOptions } from '../auth/live.ts'
import type { PageSessions } from '../auth/people/account-session.ts'
import type { PeopleOptions } from '../auth/people/people.ts'
import { livePolicy } from '../auth/policy/live-policy.ts'
import { DENY_ALL, type Policy } from '../auth/policy/policy.ts'
import { createThrottle } from '../auth/throttle/failures.ts'
import type { Throttle } from '../auth/throttle/throttle.ts'
import { createTokenService, type TokenIssuing } from '../auth/token-service.ts'
import { createTokenVerifier } from '../auth/tokens/verify.ts'
import { once } from '../shared/once.ts'
import type { ObjectStore } from '../storage/store.ts'
import { allowingAws, openAwsLogIns } from './aws-log-ins.ts'
import { openUploadSecret, regionOfKey } from './open-store.ts'
import type { Settings } from './settings.ts'

/** Access control, ready for the app. */
export interface OpenAccess extends Pick<AppOptions, 'authorizer' | 'audit' | 'issuing'> {
  /**
   * Reads the keys that tokens are signed with, if they are in the store already.
   *
   * @throws DocumentError when they are damaged, StoreError when they cannot be read
   */
  readonly checkKeys: () => Promise<void>
  /** Whether there are accounts or a policy; without them, either everyone has access or no one. */
  readonly isSetUp: () => Promise<boolean>
  /** What is odd about the policy that is in force; nothing where there is none. */
  readonly policyNotes: () => Promise<readonly string[]>
  /** Who is signed in at the page; undefined where there is no access control. */
  readonly sessions: (() => Promise<PageSessions>) | undefined
}

/** Records changed and unusable documents in the audit trail, and logs the unusable as errors. */
const reportTo =
  (logger: RequestLogger, audit: Audit) =>
  (event: LiveEvent): void => {
    if (event.outcome === 'loaded') {
      if (!event.first) audit(changed(event))
      return
    }
    if (event.outcome === 'partly') {
      for (const fault of event.faults) {
        audit({ event: 'config', what: event.key, outcome: 'failed', why: fault })
        logger.error({ key: event.key, fault }, 'access document: a line is left out')
      }
      return
    }
    const why = event.error instanceof Error ? event.error.message : String(event.error)
    audit({ event: 'config', what: event.key, outcome: 'failed', why })
    const consequence =
      event.outcome === 'kept' ? 'the last good one stays in force' : 'all access is denied'
    logger.error({ key: event.key, err: event.error }, `access document unusable: ${consequence}`)
  }

type Environment = Readonly<Record<string, string | undefined>>

const KMS = 'kms:'

/** The keys that tokens are signed with: in KMS, in a file, or by default in the store. */
const openKeys = async (
  settings: Settings,
  env: Environment,
  store: ObjectStore,
  now: () => number,
): Promise<SigningKeys> => {
  const place = settings['signing-key']
  if (place === undefined) return storedSigningKeys(store, now)
  // Loaded only where they are used: they cost every other start its time and memory.
  if (!place.startsWith(KMS)) {
    const { signingKeyFile } = await import('./signing-key-file.ts')
    return signingKeyFile(place)
  }
  const { kmsSigningKeys } = await import('./aws/kms-keys.ts')
  const ids = place.slice(KMS.length)
  return kmsSigningKeys(ids.split(','), regionOfKey(ids, settings, env))
}

/** The policy of the file that the settings name, or as the store has it at the moment. */
const openPolicy = async (settings: Settings, live: LiveOptions): Promise<Live<Policy>> => {
  if (settings.policy === undefined) return livePolicy(live)
  const { readPolicyFile } = await import('./policy-file.ts')
  const policy = await readPolicyFile(settings.policy)
  return { get: async () => policy }
}

/**
 * Counts failed log-ins: for all instances over a bucket, in memory where the server is the only one. A
 * read-only registry may not write, and counts in memory, too.
 */
const openThrottle = (
  settings: Settings,
  store: ObjectStore,
  logger: RequestLogger,
  now: () => number,
  attempt: Throttle['attempt'] | undefined,
): Throttle => {
  const memory = createThrottle(now)
  if (settings.store.kind === 'file' || settings['read-only'])
    return attempt === undefined ? memory : { inMemory: memory.inMemory, attempt }
  // Loaded by the first log-in with a password, to keep cold starts fast.
  const shared = once(async () => {
    const { createSharedThrottle } = await import('../auth/throttle/shared.ts')
    const report = (err: unknown): void => {
      logger.warn({ err }, 'failed log-ins are counted in this process alone')
    }
    return createSharedThrottle({ store, memory, now, report })
  })
  return {
    inMemory: memory.inMemory,
    attempt: async (account, address) => (await shared()).attempt(account, address),
  }
}

/** How people log in, where the document of issuers says that they do. */
const openPeople = async (
  settings: Settings,
  env: Environment,
  store: ObjectStore,
  issuers: Live<Issuers>,
  options: Omit<PeopleOptions, 'root' | 'clientSecret'>,
): Promise<TokenIssuing['people']> => {
  const load = () => import('./open-people.ts')
  const file = settings['login-secret']
  const clientSecret = file === undefined ? undefined : await (await load()).readLogInSecret(file)
  const following = once(async () => {
    const root = openUploadSecret(settings, env, store, options.now)
    return (await load()).followingPeople({ ...options, root, clientSecret })
  })
  return async () => {
    const { people } = await issuers.get()
    // Loaded only where people log in.
    return people === undefined ? undefined : (await following())(people)
  }
}

/** What the host has for access control. */
export interface AccessHost {
  /** Clock in milliseconds. */
  readonly now?: (() => number) | undefined
  /** Compares passwords; by default on this thread. */
  readonly verifyPassword?: VerifyPassword | undefined
  /** Begins a log-in where several processes count failed ones together, and no store does; by default this one. */
  readonly attempt?: Throttle['attempt'] | undefined
  /** Whose certificates let callers in. */
  readonly authorities?: CertificateAuthorities | undefined
}

/** One that cannot be used is logged when it is read. */
const notesOn = async (live: Live<Policy>, store: ObjectStore): Promise<readonly string[]> => {
  const policy = await live.get().catch(() => DENY_ALL)
  if (policy === DENY_ALL) return []
  // Not loaded for every start.
  const { policyNotes } = await import('../auth/policy/notes.ts')
  return policyNotes(policy, store)
}

/**
 * Opens access control. Documents are read when they are first needed.
 *
 * @param onlyLocal whether only this machine can reach the host, so that it may be open
 * @throws SettingsError when the file of the signing key or of the policy cannot be used
 */
export const openAccess = async (
  settings: Settings,
  env: Environment,
  store: ObjectStore,
  logger: RequestLogger,
  onlyLocal: boolean,
  { now = Date.now, verifyPassword, attempt, authorities }: AccessHost = {},
): Promise<OpenAccess> => {
  const audit = auditLog(logger)
  if (settings.auth === 'off') {
    return {
      authorizer: openAuthorizer,
      audit,
      checkKeys: async () => {},
      isSetUp: async () => false,
      policyNotes: async () => [],
      sessions: undefined,
    }
  }
  const live = { store, now, report: reportTo(logger, audit) }
  const accounts = createAccounts({
    ...live,
    throttle: openThrottle(settings, store, logger, now, attempt),
    ...(verifyPassword === undefined ? {} : { verify: verifyPassword }),
  })
  const policy = allowingAws(await openPolicy(settings, live), settings['aws-allow'])
  const keys = await openKeys(settings, env, store, now)
  const issuer = settings['token-issuer']
  const service = settings['token-service']
  const others = liveIssuers({ ...live, issuer, service })
  const aws = openAwsLogIns(settings, now)
  const verifier = createTokenVerifier({ keys, issuer, audience: service, others, aws, now })
  const authorizer = createAccessControl({
    accounts,
    policy,
    authorities,
    audit,
    verifier,
    aws,
    scheme: settings.auth === 'basic' ? 'basic' : 'bearer',
    service,
    realm: settings['token-realm'],
    openUntilSetUp: settings.auth === 'auto' && onlyLocal,
  })
  const readOnly = settings['read-only']
  const options = { keys, policy, audit, issuer, service, now }
  const people = await openPeople(settings, env, store, others, options)
  const tokens = createTokenService({
    ...{ accounts, policy, keys, verifier, aws, issuer, service, audit, readOnly, now },
  })
  const issues = settings.auth !== 'basic' && settings['token-realm'] === undefined
  return {
    authorizer,
    audit,
    ...(issues ? { issuing: { tokens, keys, issuer, people } } : {}),
    checkKeys: async () => {
      if (settings['signing-key'] === undefined) await checkStoredKeys(store, now())
    },
    isSetUp: async () => !(await isUnconfigured(accounts, policy)),
    policyNotes: async () => notesOn(policy, store),
    // Loaded only where somebody signs in at the page.
    sessions: once(async () => {
      const { createPageSessions } = await import('../auth/people/account-session.ts')
      const root = openUploadSecret(settings, env, store, now)
      return createPageSessions({ accounts, policy, audit, root, now })
    }),
  }
}
