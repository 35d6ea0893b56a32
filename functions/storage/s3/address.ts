/**
 * Addresses of buckets, as AWS documents them.
 *
 * @module
 */

import { isIP } from 'node:net'
import type { S3StoreOptions } from './place.ts'

/** Names that are nothing but the name of a bucket; others mean access points, or buckets of S3 Express. */
const PLAIN_NAME = /^(?!.*--)(?!.*-s3alias$)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/

/** Regions of AWS's own partition, and of the one in China. */
const REGION = /^(?:af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-\d$/
const IN_CHINA = /^cn-[a-z]+-\d$/

const regional = (region: string, dualstack: boolean): string | undefined => {
  const host = `s3${dualstack ? '.dualstack' : ''}.${region}.amazonaws.com`
  if (REGION.test(region)) return host
  return IN_CHINA.test(region) ? `${host}.cn` : undefined
}

/**
 * Where requests for a bucket are sent; the path ends with a slash. Undefined where the SDK knows better: it is in
 * another partition, say, or something in the environment may change addresses.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
 */
export const addressOf = (options: S3StoreOptions): URL | undefined => {
  const { bucket, region, endpoint, dualstack = false, forcePathStyle, plainAddress } = options
  if (plainAddress !== true || !PLAIN_NAME.test(bucket)) return undefined
  const host = regional(region, dualstack)
  if (endpoint === undefined && host === undefined) return undefined
  const url = new URL(endpoint ?? `https://${host}`)
  if (url.search !== '' || url.hash !== '' || url.username !== '') return undefined
  const isInPath = forcePathStyle || isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0
  if (!isInPath) url.hostname = `${bucket}.${url.hostname}`
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${isInPath ? `${bucket}/` : ''}`
  return url
}
