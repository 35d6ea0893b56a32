/**
 * At which numbers something has to change: what AWS allows, over what an errand asks for.
 *
 * @module
 */

import { table } from '../page/markdown.ts'
import { countOf, downloadsOf } from './calls.ts'
import { BLOBS, requestsOf } from './errands.ts'
import { LINK_LIFE } from './instance.ts'
import { CLOUDFRONT, GATEWAY, KMS_SIGNATURES, LAMBDA, S3 } from './limits.ts'
import { zipf } from './random.ts'
import type { Recorded } from './recorded.ts'
import { MANY } from './scenarios.ts'

/** A number, what it is of, what it comes from, and what to do then. */
export interface Threshold {
  readonly rate: number
  readonly of: string
  readonly bounds: string
  readonly formula: string
  readonly remedy: string
}

/** Requests and log-ins a second of the stack by default, lib/context.ts. */
const STACK = { rate: 500, tokenRate: 50 }

/** Links, about, that the clean-up's function walks in a day of hourly calls: bench/clean-up-costs.ts. */
const LINKS_A_DAY = 60_000_000

/** Seconds between two looks of an instance at accounts and policy. */
const POLL = 30

/** All of them, the smallest of each kind first. */
export const thresholdsOf = (recorded: Recorded): readonly Threshold[] => {
  const pull = countOf(recorded, 'pull')
  const push = countOf(recorded, 'push')
  const requests = requestsOf('pull')
  const downloads = downloadsOf('pull')
  const cold = pull.reads + downloads
  const pushes = Math.min(S3.reads / push.reads, S3.writes / push.writes)
  const lambda = LAMBDA.concurrency * LAMBDA.requestsPerInstance
  return [
    {
      rate: STACK.tokenRate,
      of: 'log-ins',
      bounds: 'the stack’s own limit',
      formula: '`tokenRate`',
      remedy: 'raise `tokenRate` and `tokenBurst`',
    },
    {
      rate: STACK.rate / requests,
      of: 'pulls',
      bounds: 'the stack’s own limit',
      formula: `\`rate\` ${STACK.rate} / ${requests} requests`,
      remedy: 'raise `rate` and `burst`; beyond 10,000 the quota of the account as well',
    },
    {
      rate: pushes,
      of: 'pushes',
      bounds: 'a new bucket',
      formula: `least of ${S3.reads} / ${push.reads} reads and ${S3.writes} / ${push.writes} writes`,
      remedy:
        'nothing, if load grows over hours: S3 divides the bucket. Otherwise ask AWS to divide it before',
    },
    {
      rate: S3.reads / cold,
      of: 'pulls of different images',
      bounds: 'a new bucket',
      formula: `${S3.reads} / (${pull.reads} reads + ${downloads} downloads)`,
      remedy: 'the same',
    },
    {
      rate: KMS_SIGNATURES,
      of: 'log-ins',
      bounds: 'KMS signs tokens',
      formula: 'quota of the account',
      remedy: 'raise it, or deploy with `keys=bucket`',
    },
    {
      rate: Math.min(GATEWAY.rate, lambda) / requests,
      of: 'pulls',
      bounds: 'API Gateway and Lambda',
      formula: `${GATEWAY.rate} / ${requests}, and ${LAMBDA.concurrency} × ${LAMBDA.requestsPerInstance} / ${requests}`,
      remedy: 'raise both quotas together: one instance for ten requests a second',
    },
    {
      rate: S3.reads,
      of: 'pulls, or HEADs, of one tag',
      bounds: 'the tag’s link, one key',
      formula: `${S3.reads} / 1 read`,
      remedy: 'public: `edgeCache=public`. Private: deploy by digest, or pull from servers',
    },
    {
      rate: S3.reads,
      of: 'pulls of one image by clients without its layers',
      bounds: 'each layer’s data, one key',
      formula: `${S3.reads} / 1 download`,
      remedy: '`blobs=cloudfront`',
    },
    {
      rate: CLOUDFRONT.requests / (requests + downloads),
      of: 'pulls through an edge',
      bounds: 'CloudFront',
      formula: `${CLOUDFRONT.requests} / (${requests} + ${BLOBS})`,
      remedy: 'raise its quotas, of requests and of bytes (150 Gbit/s)',
    },
    {
      rate: S3.reads / zipf(MANY).share(0),
      of: 'pulls of a million images by Zipf’s law',
      bounds: 'the tag of the most popular one',
      formula: `${S3.reads} / its share, ${(zipf(MANY).share(0) * 100).toFixed(1)} %`,
      remedy: 'as with one tag, for that image',
    },
    {
      rate: S3.reads * LINK_LIFE,
      of: 'instances that pull one image (not a rate)',
      bounds: 'a link of one of its blobs',
      formula: `${S3.reads} × ${LINK_LIFE} s that each remembers it`,
      remedy: '`edgeCache=public`, or servers, of which fewer are needed',
    },
    {
      rate: LINKS_A_DAY,
      of: 'links (not a rate)',
      bounds: 'the clean-up’s function',
      formula: '24 calls a day, 13 minutes each',
      remedy: '`slipway gc --run`, or a server with `--gc on`',
    },
    {
      rate: S3.reads * POLL,
      of: 'instances (not a rate)',
      bounds: 'the objects with accounts and policy',
      formula: `${S3.reads} × ${POLL} s between two looks`,
      remedy: 'several stacks, on buckets of their own',
    },
  ]
}

/** All of them as a table. */
export const thresholdTable = (recorded: Recorded): string =>
  table(
    ['of', 'a second, about', 'what gives way', 'because', 'what to change'],
    thresholdsOf(recorded).map(({ rate, of, bounds, formula, remedy }) => [
      of,
      Math.round(Number(rate.toPrecision(3))).toLocaleString('en-US'),
      bounds,
      formula,
      remedy,
    ]),
    // Words, not figures.
  ).replaceAll('---:', '---')
