/**
 * AWS's Signature Version 4A for small requests with a body in memory: ECDSA with a key of P-256 that is derived
 * from the credentials. The SDK has it only in further packages; CloudFront's key-value stores take nothing else.
 *
 * @module
 */

import { createHash, createHmac, type KeyObject, sign } from 'node:crypto'
import { ORDER, privateKeyOf } from '../edge-key.ts'

const ALGORITHM = 'AWS4-ECDSA-P256-SHA256'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface Signable {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly url: URL
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Derives the key: NIST SP 800-108 in counter mode, again with a next byte while the result is too large. */
export const signingKey = ({ accessKeyId, secretAccessKey }: Credentials): KeyObject => {
  for (let counter = 1; counter < 255; counter++) {
    const input = Buffer.concat([
      Buffer.from([0, 0, 0, 1]),
      Buffer.from(`${ALGORITHM}\0${accessKeyId}`),
      Buffer.from([counter, 0, 0, 1, 0]),
    ])
    const bytes = createHmac('sha256', `AWS4A${secretAccessKey}`).update(input).digest('hex')
    const candidate = BigInt(`0x${bytes}`)
    if (candidate <= ORDER - 2n) return privateKeyOf(candidate + 1n)
  }
  throw new Error('no key can be derived from these credentials')
}

/** What a URL's path is signed as: each of its segments encoded once more. */
const encodedTwice = (path: string): string =>
  path
    .split('/')
    .map((segment) => encodeURIComponent(segment))
    .join('/')

const canonicalQuery = ({ searchParams }: URL): string =>
  [...searchParams]
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .sort()
    .join('&')

/**
 * Signs a request for all Regions.
 *
 * @param service as in the credential's scope
 * @returns the headers to send, without Host
 */
export const signV4a = (
  { method, url, headers, body }: Signable,
  service: string,
  credentials: Credentials,
  now: Date,
): Record<string, string> => {
  const time = now.toISOString().replaceAll(/[:-]|\.\d+/g, '')
  const token = credentials.sessionToken
  const all: Record<string, string> = {
    ...headers,
    host: url.host,
    'x-amz-date': time,
    'x-amz-region-set': '*',
    'x-amz-content-sha256': sha256(body),
    ...(token === undefined ? {} : { 'x-amz-security-token': token }),
  }
  const names = Object.keys(all).sort()
  const signedHeaders = names.join(';')
  const canonical = [
    method,
    encodedTwice(url.pathname),
    canonicalQuery(url),
    ...names.map((name) => `${name}:${all[name]?.trim()}`),
    '',
    signedHeaders,
    sha256(body),
  ].join('\n')
  const scope = `${time.slice(0, 8)}/${service}/aws4_request`
  const toSign = [ALGORITHM, time, scope, sha256(canonical)].join('\n')
  const signature = sign('sha256', Buffer.from(toSign), signingKey(credentials)).toString('hex')
  const { host: _, ...sent } = all
  return {
    ...sent,
    authorization: `${ALGORITHM} Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  }
}
