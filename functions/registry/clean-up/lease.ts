/**
 * Who is at work: so that a second run, started by mistake, says so and ends. Two runs at once do no harm.
 *
 * @module
 */

import { readAll } from '../../storage/bytes.ts'
import { tookPlace } from '../../storage/errors.ts'
import { putUnlessChanged } from '../../storage/read-or-create.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { cleanUpKey } from '../layout.ts'
import { newNonce } from './marker.ts'

const KEY = cleanUpKey('lease')

/** Milliseconds without a sign after which a run is taken for dead. */
const LIFE = 60_000
/** Milliseconds between two signs. */
const BEAT = 20_000

/** A lease that is held. */
export interface Lease {
  /** Gives a sign of life, if it is time for one. @returns false when another run has taken over */
  keep(): Promise<boolean>
  /** Ends it. */
  release(): Promise<void>
}

/**
 * Takes the lease.
 *
 * @param date now, by the clock of the store
 * @param now clock in milliseconds that only goes forward
 * @returns since when another run goes on
 */
export const takeLease = async (
  store: ObjectStore,
  date: number,
  now: () => number,
): Promise<Lease | Date> => {
  const began = new Date(date).toISOString()
  const body = () => Buffer.from(JSON.stringify({ began, nonce: newNonce() }))
  const there = await store.get(KEY)
  if (there !== undefined) {
    const text = (await readAll(there.body, 1024)).toString()
    if (there.info.modified.getTime() + LIFE > date) return new Date(beganIn(text))
  }
  const condition = there ? { ifMatch: there.info.etag } : ({ ifNoneMatch: '*' } as const)
  let etag = await putUnlessChanged(store, KEY, body(), condition)
  if (etag === undefined) return new Date(date)
  let last = now()
  return {
    async keep() {
      if (etag === undefined) return false
      if (now() - last < BEAT) return true
      last = now()
      etag = await putUnlessChanged(store, KEY, body(), { ifMatch: etag })
      return etag !== undefined
    },
    async release() {
      if (etag !== undefined) await tookPlace(store.deleteIf(KEY, etag))
    },
  }
}

const beganIn = (text: string): string => {
  try {
    const { began } = JSON.parse(text)
    return typeof began === 'string' ? began : ''
  } catch {
    return ''
  }
}
