/**
 * Where clients get blobs from that are not here, on hosts that bytes cannot pass through: where the upstream itself sends
 * clients. Meanwhile somebody else copies them here, once.
 *
 * @module
 */

import type { Digest } from '../../registry/reference.ts'
import type { Registry } from '../../registry/registry.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { AskAt } from '../client/hosts-asked.ts'
import { askedAs } from '../client/via.ts'
import { createFailures } from '../manifests/failures.ts'
import type { Route } from '../route.ts'
import type { HandedClaims } from './claim.ts'
import { provesPossession } from './possession.ts'
import { resuming } from './resuming.ts'

/** A blob that is to be copied. */
export interface WantedBlob {
  /** The repository, by its name here. */
  readonly name: string
  readonly digest: Digest
  /** Version of the claim that was made for it. */
  readonly claim: string
}

export interface ElsewhereOptions {
  readonly registry: Pick<Registry, 'blobs' | 'uploads'>
  readonly store: ObjectStore
  readonly askAt: AskAt
  readonly claims: HandedClaims
  /** Whether another host streams what the upstream sends only to those it knows; it stores that itself. */
  readonly streams: boolean
  /** Bytes of the largest blob that is copied while the client waits, where it would get it from nowhere. */
  readonly atOnce: number
  /** Waits for some milliseconds. */
  readonly wait: (milliseconds: number) => Promise<unknown>
  /** Ends what is copied while the client waits. */
  readonly signal: () => AbortSignal | undefined
  /** Has a blob copied, and does not wait for that. */
  readonly start: (wanted: WantedBlob) => Promise<void>
  /** Is told of what was not begun; clients get the blob nevertheless. */
  readonly report: (route: Route, digest: Digest, error: unknown) => void
  /** Clock in milliseconds since 1970. */
  readonly now: () => number
}

/**
 * Finds where a client gets a blob that the repository does not have.
 *
 * @param method that the client comes with
 * @returns `here` when the repository has it by now, `nowhere` when the upstream sends it only to those it knows
 * @throws UpstreamError
 */
export type FindElsewhere = (
  route: Route,
  digest: Digest,
  method: 'GET' | 'HEAD',
) => Promise<URL | 'here' | 'nowhere'>

/** Makes what finds. */
export const createElsewhere = (options: ElsewhereOptions): FindElsewhere => {
  const { registry, store, askAt, claims, streams, atOnce, wait, signal, start, report, now } =
    options
  const failures = createFailures(now)

  /** The next who asks after a while has it copied where that was not begun. */
  const hand = async (route: Route, wanted: WantedBlob): Promise<void> => {
    try {
      await start(wanted)
    } catch (error) {
      report(route, wanted.digest, error)
    }
  }

  const have = async (route: Route, digest: Digest): Promise<void> => {
    try {
      const claim = await claims.offer({ digest, origin: route.origin })
      if (claim !== undefined) await start({ name: route.local, digest, claim })
    } catch (error) {
      report(route, digest, error)
    }
  }

  /** @returns whether it is here */
  const copy = async (route: Route, digest: Digest, size: number): Promise<boolean> => {
    const { repository } = askAt(route)
    const { uploads } = registry
    const wanted = { digest, origin: route.origin }
    const version = await claims.offer(wanted)
    const claim = version && (await claims.accept(wanted, version))
    if (!claim) return false
    try {
      const opened = await repository.blob(digest)
      const ending = signal() ?? new AbortController().signal
      const source = resuming(opened, 0, { repository, digest, signal: ending, wait })
      const whole = { source, length: size, range: undefined, fetched: true }
      await uploads.commit(uploads.begin(route.local), digest, whole)
      await claim.release()
      return true
    } catch (error) {
      report(route, digest, error)
      // It was too slow, or broke off.
      const left = await claim.leave()
      if (left !== undefined) await hand(route, { name: route.local, digest, claim: left })
      return false
    }
  }

  const find: FindElsewhere = async (route, digest, method) => {
    const { repository } = askAt(route)
    // Another repository may have it: the upstream has to prove that it is in this one, too.
    const proven = await provesPossession(store, repository, digest)
    if (proven && (await registry.blobs.mount(route.local, digest, undefined, { fetched: true }))) {
      return 'here'
    }
    const { url, size } = await repository.locate(digest, method)
    if (url === undefined && !streams && size !== undefined && size <= atOnce) {
      return (await copy(route, digest, size)) ? 'here' : 'nowhere'
    }
    if (url !== undefined || !streams) await have(route, digest)
    return url ?? 'nowhere'
  }

  return async (route, digest, method) => {
    const key = `${askedAs(route)}@${digest}`
    const failed = failures.get(key)
    if (failed !== undefined) throw failed
    try {
      return await find(route, digest, method)
    } catch (error) {
      failures.add(key, error as Error)
      throw error
    }
  }
}
