/**
 * What a collector is about to take, told to the pushers right before it does: some of them come for just that, in
 * the moment in which the rules of the protocol matter. By chance that would be rare.
 *
 * @module
 */

import { CONDEMNED_PREFIX, REPOSITORIES_PREFIX } from '../../functions/registry/layout.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { intercept, type StoreCall } from '../support/rig/intercept.ts'
import { isClaim } from './spoilers.ts'

/** What is about to go: a link of a repository's blob, or the data of a digest. */
export interface Aim {
  readonly name?: string
  readonly digest: string
}

const LINK = /^(.+)\/_layers\/(sha256)\/([0-9a-f]{64})\/link$/
const MARKER = /^(sha256)\/([0-9a-f]{64})$/

const aimOf = ({ operation, args }: StoreCall): Aim | undefined => {
  const [key, body] = args as [key: string, body?: unknown]
  if (operation === 'deleteIf' && key.startsWith(REPOSITORIES_PREFIX)) {
    const [, name, algorithm, hex] = LINK.exec(key.slice(REPOSITORIES_PREFIX.length)) ?? []
    return name === undefined ? undefined : { name, digest: `${algorithm}:${hex}` }
  }
  if (operation !== 'put' || !isClaim(key, body as Uint8Array)) return undefined
  const [, algorithm, hex] = MARKER.exec(key.slice(CONDEMNED_PREFIX.length)) ?? []
  return { digest: `${algorithm}:${hex}` }
}

/**
 * The store of a collector that says what it is about to take, and waits until it is told to go on.
 *
 * @param tell resolves when it is to go on
 */
export const telling = (store: ObjectStore, tell: (aim: Aim) => Promise<void>): ObjectStore =>
  intercept(store, async (call, proceed) => {
    const aim = aimOf(call)
    if (aim !== undefined) await tell(aim)
    return proceed()
  })

/** An aim that somebody comes for. */
export interface Taken extends Aim {
  /** Has the collector go on. */
  go(): void
}

/** Hands aims to those who wait for one. */
export interface Aims {
  /** Resolves when the collector is to go on: at once, unless somebody comes. */
  tell(aim: Aim): Promise<void>
  /** The next aim. @returns undefined when there is none for so many milliseconds */
  next(within: number): Promise<Taken | undefined>
}

export const createAims = (): Aims => {
  const waiting: ((aim: Taken | undefined) => void)[] = []
  return {
    tell: (aim) =>
      new Promise((go) => {
        const first = waiting.shift()
        if (first === undefined) go()
        else first({ ...aim, go })
      }),
    next: (within) =>
      new Promise((resolve) => {
        const end = (aim: Taken | undefined): void => {
          clearTimeout(timer)
          const at = waiting.indexOf(end)
          if (at !== -1) waiting.splice(at, 1)
          resolve(aim)
        }
        const timer = setTimeout(end, within, undefined)
        waiting.push(end)
      }),
  }
}
