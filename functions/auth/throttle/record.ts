/**
 * What is written of failed log-ins: counts and times of a few accounts and addresses, by their hashes.
 * There is a fixed number of such objects, each of a bounded size, whatever names and addresses are tried.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { failedLogInsKey } from '../../registry/layout.ts'
import * as z from '../../shared/schema.ts'
import {
  addressGroup,
  type Failures,
  KNOWN_FOR,
  type Limit,
  PER_ACCOUNT,
  PER_ADDRESS,
  remaining,
} from './failures.ts'

/** Most entries of one object, of each kind. */
const MOST = { accounts: 64, addresses: 32, known: 32 }

/** Bytes of an object that can have been written here, and more: a full one has about 6 KiB. */
export const MAX_RECORD = 16 * 1024

/** Where the failures of an account at an address are counted. */
export interface Place {
  readonly key: string
  /** Id of the account at this address. */
  readonly account: string
  /** Id of the address. */
  readonly address: string
}

const idOf = (...values: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(values)).digest().toString('base64url', 0, 16)

/** Where failures of an account, which need not exist, at an address are counted. */
export const placeOf = (account: string, address: string): Place => {
  const from = addressGroup(address)
  const bucket = createHash('sha256').update(from).digest('hex').slice(0, 3)
  return { key: failedLogInsKey(bucket), account: idOf(account, from), address: idOf(from) }
}

/** Failures by id, and times in milliseconds. */
export interface FailureRecord {
  readonly accounts: ReadonlyMap<string, Failures>
  readonly addresses: ReadonlyMap<string, Failures>
  /** When accounts logged in from an address at which too many others failed. */
  readonly known: ReadonlyMap<string, number>
}

export const NO_FAILURES: FailureRecord = {
  accounts: new Map(),
  addresses: new Map(),
  known: new Map(),
}

const failures = z.record(z.string(), z.tuple([z.int().check(z.minimum(1)), z.int()]))
const document = z.object({
  accounts: failures,
  addresses: failures,
  known: z.record(z.string(), z.int()),
})

/** Reads an object. One that is damaged counts nothing, and is replaced by the next failure. */
export const parseRecord = (bytes: Uint8Array, now: number): FailureRecord => {
  // The clock of another instance may be ahead; nobody waits longer for that.
  const past = (time: number): number => Math.min(time, now)
  const read = (each: z.output<typeof failures>): Map<string, Failures> =>
    new Map(Object.entries(each).map(([id, [count, last]]) => [id, { count, last: past(last) }]))
  try {
    const { accounts, addresses, known } = document.parse(
      JSON.parse(new TextDecoder().decode(bytes)),
    )
    return {
      accounts: read(accounts),
      addresses: read(addresses),
      known: new Map(Object.entries(known).map(([id, time]) => [id, past(time)])),
    }
  } catch {
    return NO_FAILURES
  }
}

/**
 * What is not forgiven yet, the most failures first: whoever adds entries to push out their own has to
 * fail as often with each.
 */
const kept = (
  all: ReadonlyMap<string, Failures>,
  limit: Limit,
  most: number,
  now: number,
): Record<string, [number, number]> => {
  const left = (failures: Failures): number => remaining(failures, limit, now)
  const sorted = [...all]
    .filter(([, each]) => left(each) > 0)
    .sort(([, one], [, other]) => left(other) - left(one) || other.last - one.last)
  return Object.fromEntries(
    sorted.slice(0, most).map(([id, each]) => [id, [each.count, each.last]]),
  )
}

/** Writes an object, without what is forgiven. */
export const formatRecord = (
  { accounts, addresses, known }: FailureRecord,
  now: number,
): Uint8Array => {
  const current = [...known].filter(([, time]) => time > now - KNOWN_FOR)
  const latest = current.sort(([, one], [, other]) => other - one).slice(0, MOST.known)
  return new TextEncoder().encode(
    JSON.stringify({
      accounts: kept(accounts, PER_ACCOUNT, MOST.accounts, now),
      addresses: kept(addresses, PER_ADDRESS, MOST.addresses, now),
      known: Object.fromEntries(latest),
    }),
  )
}
