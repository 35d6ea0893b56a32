/**
 * Uploads that were broken off, remembered in files, so that the next attempt sends only what is missing.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Target } from '../registry/target.ts'
import type { Offer } from './offer.ts'
import { MOST_PARTS } from './part-size.ts'

/** An upload that was begun. */
export interface Begun {
  readonly location: string
  readonly offer: Offer
  /** Bytes of each part, if that is decided. */
  readonly partSize?: number
  /** Parts that are there. */
  readonly received?: readonly number[]
}

/** What is remembered of an upload. */
export interface Remembered {
  readonly location: string
  readonly partSize: number
}

/** Remembers uploads. */
export interface Resume {
  /** An upload of this blob that can go on, as the registry itself says. */
  recall(target: Target, digest: string): Promise<Begun | undefined>
  remember(target: Target, digest: string, upload: Remembered): Promise<void>
  forget(target: Target, digest: string): Promise<void>
}

/** Reads `1-3,5`. What is no number of a part, or beyond the most there can be, is none. */
const numbersIn = (ranges: string): number[] =>
  ranges.split(',').flatMap((range) => {
    const [, first = '', last = first] = range.match(/^(\d+)(?:-(\d+))?$/) ?? []
    const [from, to] = [Number(first), Math.min(Number(last), MOST_PARTS)]
    return first === ''
      ? []
      : Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at)
  })

/** Remembers uploads in a directory, which only its owner can read: a Location authorizes its upload. */
export const resumeIn = (directory: string): Resume => {
  const pathOf = ({ origin, name }: Target, digest: string): string => {
    const key = createHash('sha256').update(`${origin} ${name} ${digest}`).digest('hex')
    return join(directory, `${key}.json`)
  }

  const read = async (path: string): Promise<Remembered | undefined> => {
    try {
      const { location, partSize } = JSON.parse(await readFile(path, 'utf8'))
      return typeof location === 'string' && partSize > 0 ? { location, partSize } : undefined
    } catch {
      return undefined
    }
  }

  const forget: Resume['forget'] = (target, digest) =>
    rm(pathOf(target, digest), { force: true }).catch(() => {})

  return {
    forget,
    async recall(target, digest) {
      const found = await read(pathOf(target, digest))
      if (found === undefined) return undefined
      const { location, partSize } = found
      const reply = await target.send({ method: 'GET', url: location })
      const parts = reply.headers['slipway-parts']
      if (reply.status !== 204 || typeof parts !== 'string') {
        await forget(target, digest)
        return undefined
      }
      const offer = { one: 0, several: undefined }
      return { location, offer, partSize, received: numbersIn(parts) }
    },
    async remember(target, digest, upload) {
      // Without it the next attempt starts over: not worth failing for.
      await mkdir(directory, { recursive: true, mode: 0o700 })
        .then(() => writeFile(pathOf(target, digest), JSON.stringify(upload), { mode: 0o600 }))
        .catch(() => {})
    },
  }
}
