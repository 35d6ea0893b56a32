/**
 * Where requests are answered: in instances of a Lambda function behind API Gateway, or in servers.
 *
 * @module
 */

import type { Events } from './events.ts'
import { createInstance, type Instance, type World } from './instance.ts'
import type { Random } from './random.ts'

/** What is allowed a second, and how much at once. */
export interface Bucket {
  take(now: number): boolean
}

/** Tokens that are refilled at a rate, up to so many. */
export const tokenBucket = (rate: number, burst: number): Bucket => {
  let [tokens, filled] = [burst, 0]
  return {
    take(now) {
      tokens = Math.min(burst, tokens + (now - filled) * rate)
      filled = now
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
  }
}

/** A process that a request has, until it is given back. */
export interface Place {
  readonly instance: Instance
  /** Whether it had to be started. */
  readonly isNew: boolean
  release(): void
}

export interface Host {
  /** @returns undefined if there is no place */
  enter(): Place | undefined
  /** Processes there are. */
  readonly count: number
  /** Requests under way. */
  readonly busy: number
}

export interface LambdaLimits {
  readonly concurrency: number
  readonly perTenSeconds: number
  readonly requestsPerSecond: number
}

/**
 * One request in an instance at a time; new ones only as fast as Lambda makes them.
 *
 * @param warm whether as many as are needed have been there for long
 */
export const createLambda = (
  limits: LambdaLimits,
  world: World,
  events: Events,
  random: Random,
  warm: boolean,
): Host => {
  const starts = tokenBucket(limits.perTenSeconds / 10, limits.perTenSeconds)
  const requests = tokenBucket(limits.requestsPerSecond, limits.requestsPerSecond)
  const free: Instance[] = []
  let count = 0

  const placeIn = (instance: Instance, isNew: boolean): Place => ({
    instance,
    isNew,
    release: () => free.push(instance),
  })

  return {
    enter() {
      if (!requests.take(events.now)) return undefined
      if (free.length > 0) {
        const at = Math.floor(random() * free.length)
        const instance = free[at]!
        free[at] = free.at(-1)!
        free.pop()
        return placeIn(instance, false)
      }
      if (count >= limits.concurrency || (!warm && !starts.take(events.now))) return undefined
      count += 1
      return placeIn(createInstance(world), !warm)
    },
    get count() {
      return count
    },
    get busy() {
      return count - free.length
    },
  }
}

/** Servers that take any number of requests at once, in turn. */
export const createServers = (count: number, world: World): Host => {
  const servers = Array.from({ length: count }, () => createInstance(world))
  let [turn, busy] = [0, 0]
  return {
    enter() {
      turn += 1
      busy += 1
      return {
        instance: servers[turn % count]!,
        isNew: false,
        release: () => {
          busy -= 1
        },
      }
    },
    count,
    get busy() {
      return busy
    },
  }
}
