/**
 * The tables of costs and prices, for docs/benchmarks.md and docs/deploy.md.
 *
 * @module
 */

import { WEB_ENVIRONMENTS, WEB_RATE } from '../../lib/web-function.ts'
import { CALL_MILLISECONDS, costOf, ERRANDS, FUNCTION_MEMORY } from '../costs.ts'
import { edgeCostOf, floodCost, keptPullCost } from '../edge-costs.ts'
import { LARGE_LAYERS, LARGE_MEGABYTES, WAYS } from '../large-costs.ts'
import { PRICES, PRICES_DATE } from '../prices.ts'
import type { Invoked } from '../results.ts'
import { strangersHour } from '../stranger.ts'
import { paragraphs, table } from './markdown.ts'

const thousand = (dollars: number): string => `$${(dollars * 1000).toFixed(4)}`

/** The most that strangers can make the Web Function cost in an hour, with the stack's own bounds. */
export const strangersPage = (): string => {
  const hour = strangersHour({ rate: WEB_RATE, environments: WEB_ENVIRONMENTS })
  const round = (value: number): string => Math.round(value).toLocaleString('en-US')
  const cells = [hour.requests, hour.vcpuHours, hour.gigabyteHours].map(round)
  return paragraphs(
    `At most, with ${WEB_ENVIRONMENTS} environments and ${WEB_RATE} requests a second; CPU, memory and requests of Web Functions have no published prices:`,
    table(
      [
        'a stranger, in an hour',
        'requests',
        'vCPU-hours',
        'GB-hours',
        'log lines',
        'tokens by KMS',
        'failed log-ins',
      ],
      [
        [
          'at the Web Function',
          ...cells,
          `$${hour.logs.toFixed(2)}`,
          `$${hour.signatures.toFixed(2)}`,
          `$${hour.logIns.toFixed(2)}`,
        ],
      ],
    ),
    `Tokens by KMS only where the policy lets anonymous users in. ${round(hour.gigabytesIn)} GB can come in, which is free, and take ${hour.drainHours.toFixed(1)} of the CPU hours when they are refused; nothing that is refused costs a request to S3, but for failed log-ins, if each comes from an address of its own: otherwise they have to wait.`,
  )
}

/** What a public image that the edge keeps costs, and can be made to cost. */
const keptPage = (): string => {
  const [pull] = ERRANDS
  if (pull === undefined) return ''
  const { gb, dollars } = floodCost(pull, LARGE_LAYERS * LARGE_MEGABYTES * 1e6)
  return `With \`edgeCache=public\`, 1,000 pulls of what the edge has kept cost ${thousand(keptPullCost(pull))} without their bytes. A public image can be pulled by anyone at any rate: an hour at 10 Gbit/s is ${gb} GB and $${dollars.toFixed(0)}.`
}

/** Dollars with three digits after the point, as in the documents; nothing for nothing. */
const dollars = (each: number): string => (each === 0 ? '' : `$${(each * 1000).toFixed(3)}`)

/** What pushes of large layers cost, by each way in. */
export const waysTable = (): string =>
  table(
    [
      ...['1,000 pushes by', 'API Gateway', 'Lambda', 'S3 requests', 'CloudFront', 'together'],
      'Web Function, each',
    ],
    WAYS.map(({ title, gateway, lambda, s3, edge, web }) => [
      title,
      ...[gateway, lambda, s3, edge, gateway + lambda + s3 + edge].map(dollars),
      web === undefined ? '' : `${web.requests} requests, ${web.cpuSeconds.toFixed(1)} s of vCPU`,
    ]),
  )

/** What pulls and pushes cost, and the prices that was computed from. */
export const costPage = (invoked: readonly Invoked[]): string => {
  const rows = ERRANDS.map((errand) => {
    const { gateway, lambda, s3, total } = costOf(errand, invoked)
    const edge = [false, true].map((blobs) => edgeCostOf(errand, blobs))
    return [errand.title, ...[gateway, lambda, s3, total, ...edge].map(thousand)]
  })
  const prices = Object.values(PRICES).map(({ what, dollars, per }) => [what, `$${dollars}`, per])
  return paragraphs(
    `Dollars for 1,000 of each, in us-east-1, prices of ${PRICES_DATE}:`,
    table(
      [
        ...['1,000 times', 'API Gateway', 'Lambda', 'S3 requests', 'together'],
        ...['more with an edge', 'and blobs=cloudfront'],
      ],
      rows,
    ),
    `A function of ${FUNCTION_MEMORY} GiB; ${CALL_MILLISECONDS} ms for each call to S3 that has to be waited for; no instance remembers anything; layers of at most 1 MB, whose bytes pass through the function. Not in it: storage, data sent to the internet, logs, KMS (one call for each new instance, one signature for each token), and the requests for tokens where there are accounts.`,
    strangersPage(),
    keptPage(),
    `Dollars for 1,000 pushes of an image of ${LARGE_LAYERS} layers of ${LARGE_MEGABYTES} MB, and what one of them takes of the Web Function, whose prices are not published:`,
    waysTable(),
    table(['Price', 'dollars', 'for'], prices),
  )
}
