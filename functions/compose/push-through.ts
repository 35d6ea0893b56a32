/**
 * Pushes that are pushed on, behind the port that the API has to upstreams: what an upstream refuses, in words and codes for
 * clients.
 *
 * @module
 */

import type { RequestLogger } from '../api/env.ts'
import { RequestError } from '../api/errors.ts'
import type { PushedOn, PushThrough } from '../api/upstream-port.ts'
import { digestOf, type Reference } from '../registry/reference.ts'
import { summaryOf, UpstreamError } from '../upstreams/client/failure.ts'
import type { Failures } from '../upstreams/manifests/failures.ts'
import { createPushOn, type PushOnOptions } from '../upstreams/pushes/push-on.ts'
import type { Route, RouteOf } from '../upstreams/route.ts'

export interface PushThroughOptions extends PushOnOptions {
  readonly logger: RequestLogger
  /** Is given work that is under way, and never rejects. */
  readonly behind: (work: Promise<unknown>) => void
  readonly routeOf: RouteOf
  /** What is remembered not to be there. */
  readonly failures: Pick<Failures, 'delete'>
}

/** Seconds after which clients may try again where nobody knows better. */
const RETRY_AFTER = 5

/** Most bytes of all manifests that wait for upstreams at a time: what they say takes some times as much memory. */
const MOST_BYTES = 32 * 1024 * 1024

/** @param what could not be pushed */
const told = ({ host }: Route, cause: unknown, what: string): unknown => {
  if (!(cause instanceof UpstreamError)) return cause
  const { failure, retryAfter, said } = cause
  const why = said === undefined ? summaryOf(cause) : `it responded ${said}`
  const message = `${what} could not be pushed on to ${host}: ${why}. Nothing is tagged here.`
  if (failure === 'denied') return new RequestError('DENIED', message, { cause })
  if (failure === 'unknown') return new RequestError('ABSENT', message, { cause })
  return new RequestError(failure === 'busy' ? 'UPSTREAM_BUSY' : 'UPSTREAM_AWAY', message, {
    cause,
    retryAfter: retryAfter === undefined ? RETRY_AFTER : Math.ceil(retryAfter / 1000),
  })
}

/** Makes what pushes on, to the upstream that a route leads to. */
export const createPushThrough = (options: PushThroughOptions): ((route: Route) => PushThrough) => {
  const { logger, behind, failures, routeOf } = options
  const pushOn = createPushOn(options)
  let waiting = 0

  return (route) => {
    const { local, host } = route
    const telling = async <T>(what: string, work: Promise<T>): Promise<T> => {
      try {
        return await work
      } catch (error) {
        throw told(route, error, what)
      }
    }
    /** What the same upstream calls a repository. */
    const there = (name: string | undefined): string | undefined => {
      const other = name === undefined ? 'own' : routeOf(name)
      if (typeof other === 'string' || other.origin !== route.origin) return undefined
      return other.upstream === route.upstream ? other.repository : undefined
    }
    return {
      blob(digest, from) {
        // What fails now is sent before the manifest that needs it.
        const sending = pushOn.blob(route, digest, there(from)).catch((err: unknown) => {
          logger.warn({ err, host, repository: local, digest }, 'a blob is not pushed on yet')
        })
        behind(sending)
      },

      manifest(reference, tags, bytes) {
        const what = `the manifest ${reference.digest ?? reference.tag} of ${local}`
        const references: readonly Reference[] = [reference, ...tags.map((tag) => ({ tag }))]
        if (waiting + bytes.byteLength > MOST_BYTES) {
          throw new RequestError(
            'UPSTREAM_AWAY',
            `${what} is not pushed on to ${host}: too many others wait for upstreams at the moment`,
            { retryAfter: RETRY_AFTER },
          )
        }
        waiting += bytes.byteLength
        let listed = false
        const pushed: PushedOn = {
          get listed() {
            return listed
          },
          content: (manifest) => telling(what, pushOn.content(route, manifest)),
          async manifest({ mediaType }, frozen) {
            const pushing = pushOn.manifest(route, references, mediaType, bytes, frozen)
            listed = await telling(what, pushing)
            await pushOn.begun(route)
          },
          end() {
            waiting -= bytes.byteLength
          },
          async late(names) {
            try {
              await pushOn.restore(route, names, reference.digest ?? digestOf(bytes))
            } catch (err) {
              const repository = local
              logger.warn(
                { err, host, repository, tags: names },
                'tags that may not move differ there',
              )
            }
          },
          async done(digest) {
            const names = references.flatMap(({ tag }) => (tag === undefined ? [] : [tag]))
            for (const tag of names) failures.delete(`${local}:${tag}`)
            failures.delete(`${local}@${digest}`)
            await pushOn.tagged(route, names, digest)
          },
        }
        return pushed
      },
    }
  }
}
