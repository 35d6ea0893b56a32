/**
 * What upstreams could not give a moment ago, so that not everybody who asks has to wait for it.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import { RegistryError } from '../../registry/errors.ts'
import { UpstreamError } from '../client/failure.ts'

/** Most failures remembered. */
const MOST = 10_000

/** Milliseconds until an upstream is asked again for what it says is not there, or not for us. */
const REFUSED = 30_000
/** The same for one that is away or wrong. */
const FAILED = 10_000

interface Failure {
  readonly error: Error
  readonly until: number
}

/** Failures by what was asked for. */
export interface Failures {
  /** The failure of what is not to be asked for again yet. */
  get(key: string): Error | undefined
  add(key: string, error: Error): void
  delete(key: string): void
}

/** Of what the registry itself refuses, it would do so again. */
const pauseAfter = (error: Error): number => {
  if (error instanceof RegistryError) return REFUSED
  if (!(error instanceof UpstreamError)) return FAILED
  const { failure, retryAfter = FAILED } = error
  return failure === 'unknown' || failure === 'denied' ? REFUSED : retryAfter
}

/** Remembers failures. @param now clock in milliseconds */
export const createFailures = (now: () => number): Failures => {
  const failures = new LRUCache<string, Failure>({ max: MOST })
  return {
    get(key) {
      const failure = failures.get(key)
      return failure !== undefined && now() < failure.until ? failure.error : undefined
    },
    add(key, error) {
      failures.set(key, { error, until: now() + pauseAfter(error) })
    },
    delete(key) {
      failures.delete(key)
    },
  }
}
