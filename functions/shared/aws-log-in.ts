/**
 * What both ends of a log-in with AWS credentials agree on: its password is a request to AWS STS that the client
 * has signed and not sent. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 *
 * @module
 */

/** The user name that goes with it, as with ECR. */
export const AWS_USER = 'AWS'

/** A signed header that names the registry: a request for any other is good for nothing there. */
export const REGISTRY_HEADER = 'x-slipway-registry'

/** What such a request is signed with, as `X-Amz-SignedHeaders` has it. */
export const SIGNED_HEADERS = `host;${REGISTRY_HEADER}`

/** What all such requests ask. */
export const QUESTION = { Action: 'GetCallerIdentity', Version: '2011-06-15' } as const

/** Seconds for which such a request is good at most; STS has the same bound. */
export const LONGEST_LIFE = 15 * 60

/** A partition of AWS: its name in ARNs, and the end of its host names. */
export interface Partition {
  readonly name: string
  readonly suffix: string
}

/** By how the names of their Regions begin; the last is for all others. */
const PARTITIONS: readonly (readonly [begins: RegExp, name: string, suffix: string])[] = [
  [/^cn-/, 'aws-cn', 'amazonaws.com.cn'],
  [/^us-gov-/, 'aws-us-gov', 'amazonaws.com'],
  [/^us-iso-/, 'aws-iso', 'c2s.ic.gov'],
  [/^us-isob-/, 'aws-iso-b', 'sc2s.sgov.gov'],
  [/^eu-isoe-/, 'aws-iso-e', 'cloud.adc-e.uk'],
  [/^us-isof-/, 'aws-iso-f', 'csp.hci.ic.gov'],
  [/^eusc-/, 'aws-eusc', 'amazonaws.eu'],
  [/^/, 'aws', 'amazonaws.com'],
]

/** The partition that a Region is in. */
export const partitionOf = (region: string): Partition => {
  const [, name = '', suffix = ''] = PARTITIONS.find(([begins]) => begins.test(region)) ?? []
  return { name, suffix }
}

/** Where STS of a Region is. */
export const stsHost = (region: string): string => `sts.${region}.${partitionOf(region).suffix}`

/** Where STS is that has no Region in its name. It is in {@link GLOBAL_REGION}. */
export const GLOBAL_HOST = 'sts.amazonaws.com'
/** The Region of {@link GLOBAL_HOST}. */
export const GLOBAL_REGION = 'us-east-1'

/** The password, before base64. */
export interface SignedRequest {
  readonly method: 'GET'
  readonly url: string
  readonly headers: { readonly [REGISTRY_HEADER]: string }
}

/** A part of a query as SigV4 has it: all but the unreserved characters of RFC 3986 is percent-encoded. */
export const escapeRfc3986 = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  )
