/**
 * Dollars that pushes and pulls cost on Lambda, from what was measured and the table of prices.
 *
 * @module
 */

import { PRICES } from './prices.ts'
import type { Invoked } from './results.ts'
import { LAYERS } from './workloads/lambda-requests.ts'

/** GiB of the function, as the stack has it unless told otherwise. */
export const FUNCTION_MEMORY = 1

/** GiB from which on a function has a core of its own. */
const CORE_MEMORY = 1769 / 1024

/** Milliseconds that one call to S3 is taken to last inside a region. */
export const CALL_MILLISECONDS = 20

/** Blobs of the image: its layers and its config. */
const BLOBS = LAYERS + 1

/** What clients do, as requests to the registry, and GETs of blobs to S3 itself. */
export interface Errand {
  readonly title: string
  /** How often each kind of request is made. */
  readonly requests: Readonly<Record<string, number>>
  /** Downloads that were redirected to S3. */
  readonly downloads: number
}

/** Pulls and pushes of an image of five small layers, as docker and containerd do them. */
export const ERRANDS: readonly Errand[] = [
  {
    title: `pull of ${LAYERS} layers`,
    requests: { 'HEAD manifest by tag': 1, 'GET manifest by digest': 1, 'GET blob': BLOBS },
    downloads: BLOBS,
  },
  {
    title: 'pull of what is there already',
    requests: { 'HEAD manifest by tag': 1 },
    downloads: 0,
  },
  {
    title: `push of ${LAYERS} new layers`,
    requests: {
      'HEAD blob that is not there': BLOBS,
      'POST upload': BLOBS,
      'PUT upload, 1 MB': BLOBS,
      [`PUT manifest of ${LAYERS} layers`]: 1,
    },
    downloads: 0,
  },
  {
    title: `push of ${LAYERS} unchanged layers`,
    requests: { 'HEAD blob': BLOBS, [`PUT manifest of ${LAYERS} layers`]: 1 },
    downloads: 0,
  },
]

/** Dollars of an errand, by who charges them. */
export interface Cost {
  readonly gateway: number
  readonly lambda: number
  readonly s3: number
  readonly total: number
}

const FREE = /^(?:Delete|Abort)/
const READS = /^(?:Get|Head)Object$/

/** Dollars of calls to S3; deletes are free. */
export const costOfCalls = (calls: Readonly<Record<string, number>>): number =>
  Object.entries(calls)
    .filter(([name]) => !FREE.test(name))
    .map(([name, count]) => count * (READS.test(name) ? PRICES.s3Read : PRICES.s3Write).each)
    .reduce((sum, dollars) => sum + dollars, 0)

/**
 * Milliseconds a request is billed for: its own work, slower by the share of a core the function has,
 * and the calls to S3 it waits for.
 */
export const billedMilliseconds = (own: number, steps: number): number =>
  Math.ceil(
    (own * CORE_MEMORY) / Math.min(FUNCTION_MEMORY, CORE_MEMORY) + steps * CALL_MILLISECONDS,
  )

/** How often API Gateway counts a request: once for each 512 KB. */
const gatewayUnits = (request: string): number => (/1 MB/.test(request) ? 2 : 1)

/**
 * Dollars of one errand. The work is that of a warm instance; the calls are those of one that remembers
 * nothing, as it is when many instances answer.
 *
 * @throws Error when a kind of request was not measured
 */
export const costOf = (errand: Errand, invoked: readonly Invoked[]): Cost => {
  const find = (request: string, start: Invoked['start']): Invoked => {
    const found = invoked.find((each) => each.request === request && each.start === start)
    if (found === undefined) throw new Error(`${request} was not measured`)
    return found
  }
  const requests = Object.entries(errand.requests).map(([request, count]) => {
    const { calls, steps } = find(request, 'cold')
    const own = find(request, 'warm').milliseconds.median
    return {
      count,
      calls,
      units: gatewayUnits(request),
      seconds: billedMilliseconds(own, steps) / 1000,
    }
  })
  const sum = (value: (each: (typeof requests)[number]) => number): number =>
    requests.reduce((total, each) => total + each.count * value(each), 0)
  const gateway = requests.reduce(
    (total, { count, units }) => total + count * units * PRICES.gatewayRequest.each,
    0,
  )
  const lambda = sum(
    ({ seconds }) =>
      PRICES.lambdaRequest.each + seconds * FUNCTION_MEMORY * PRICES.lambdaSecond.each,
  )
  const downloads = errand.downloads * PRICES.s3Read.each
  const s3 = sum(({ calls }) => costOfCalls(calls)) + downloads
  return { gateway, lambda, s3, total: gateway + lambda + s3 }
}
