/**
 * The hosts that are asked, each with its connections, limits and tokens.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import { keepConnections } from '../../shared/outgoing.ts'
import type { ReadSecret } from '../../shared/secrets.ts'
import type { User } from '../../transfer/registry/challenge.ts'
import { readCredentials } from '../credentials.ts'
import { BY_IAM, type EcrUser, type EcrUsers, ecrRegionOf } from '../ecr.ts'
import type { Upstream } from '../parse.ts'
import type { Route } from '../route.ts'
import type { UpstreamWatch } from '../watch.ts'
import { type Authorized, createAuthorized, type Host } from './authorized.ts'
import { repositoryOf, type UpstreamRepository } from './client.ts'
import { UpstreamError } from './failure.ts'
import { createLimits, type Limits } from './limits.ts'
import { pushingTo, type UpstreamPushes } from './pushing.ts'
import type { Patience } from './request.ts'
import { createKindsOfSlots } from './slots.ts'
import { hopsOf } from './via.ts'

/** Hosts of an upstream that has any; those that were not asked for longest are forgotten. */
const HOSTS = 100

const PATIENCE: Patience = { head: 15_000, body: 30_000 }

export interface AskingOptions {
  readonly readSecret: ReadSecret
  /** Has tokens of ECR, for upstreams that have credentials by IAM. */
  readonly ecrUsers?: EcrUsers | undefined
  /** Clock in milliseconds since 1970. */
  readonly now?: () => number
  readonly patience?: Patience
  /** Ends all requests. */
  readonly signal?: AbortSignal | undefined
  /** Ends those of the work that it is asked from. */
  readonly signalNow?: (() => AbortSignal | undefined) | undefined
  /** Whether connections are kept: not on hosts that stand still between requests. Default: yes. */
  readonly keeps?: boolean
  /** Certificates of authorities, PEM. Default: the platform's. */
  readonly ca?: string | undefined
  /** Who counts. Default: nobody does. */
  readonly watch?: Pick<UpstreamWatch, 'asked' | 'remaining'> | undefined
}

/** A repository of an upstream, and how often the host may be asked. */
export interface Asked {
  readonly repository: UpstreamRepository
  /** What is pushed to it. */
  readonly pushes: UpstreamPushes
  readonly limits: Limits
  /** Waits until a blob can be asked for at once. */
  readonly takeSlot: () => Promise<() => void>
}

/** Opens what a route leads to; sends nothing. */
export type AskAt = (route: Route) => Asked

/** An upstream that cannot be shown anything is as good as away. Messages are without secrets, and for the log. */
const withoutUser = (host: string, cause: unknown): UpstreamError =>
  cause instanceof UpstreamError
    ? cause
    : new UpstreamError(
        'away',
        `${host}: ${cause instanceof Error ? cause.message : String(cause)}`,
        {
          cause,
        },
      )

/** Makes what asks upstreams. Those of a document that has changed are opened anew. */
export const createAsking = ({
  readSecret,
  ecrUsers,
  now = Date.now,
  patience = PATIENCE,
  signal,
  signalNow = () => signal,
  keeps = true,
  ca,
  watch,
}: AskingOptions): AskAt => {
  type Opened = { readonly host: Host; readonly authorized: Authorized }
  const opened = new WeakMap<Upstream, LRUCache<string, Opened>>()

  const open = ({ upstream, host: name, origin }: Route): Opened => {
    const { allows, credentials, connections } = upstream
    let byIam: EcrUser | undefined
    const ecrUser = async (): Promise<User> => {
      try {
        byIam = await ecrUsers?.(ecrRegionOf(name) ?? '')
      } catch (cause) {
        throw new UpstreamError('away', `${name}: ${String(cause)}`, { cause })
      }
      if (byIam === undefined) throw new Error(`there are no tokens by IAM here for ${name}`)
      return byIam.user
    }
    const isOver = (): boolean => byIam !== undefined && now() >= byIam.until
    const host: Host = {
      host: name,
      origin,
      allows,
      patience,
      get signal() {
        return signalNow()
      },
      ca,
      kept: keeps ? keepConnections() : undefined,
      limits: createLimits(name, now, (left) => watch?.remaining(upstream.name, left)),
      told: watch && ((outcome) => watch.asked(upstream.name, outcome)),
      slots: createKindsOfSlots(connections, name),
      now,
      isOver,
      async user() {
        if (credentials === undefined) return undefined
        try {
          if (credentials === BY_IAM) return byIam && !isOver() ? byIam.user : await ecrUser()
          return readCredentials(await readSecret(credentials), name, credentials)
        } catch (cause) {
          throw withoutUser(name, cause)
        }
      },
    }
    return { host, authorized: createAuthorized(host) }
  }

  return (route) => {
    const { upstream, origin, repository, via } = route
    const hosts = opened.get(upstream) ?? new LRUCache<string, Opened>({ max: HOSTS })
    opened.set(upstream, hosts)
    const { host, authorized } = hosts.get(origin) ?? open(route)
    hosts.set(origin, { host, authorized })
    return {
      repository: repositoryOf(host, authorized, repository, via),
      pushes: pushingTo(host, authorized, repository, via),
      limits: host.limits,
      takeSlot: () => host.slots.blobs(hopsOf(via)),
    }
  }
}
