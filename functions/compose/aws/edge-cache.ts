/**
 * The list of public repositories at CloudFront, a key-value store, and what the distribution has kept of them.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import { KMSClient } from '@aws-sdk/client-kms'
import { HttpRequest } from '@smithy/core/protocols'
import { SignatureV4 } from '@smithy/signature-v4'
import { EdgeCacheError } from '../errors.ts'
import { type Credentials, signV4a } from './sign-v4a.ts'

/** Where the list is, and who looks things up in it. */
export interface EdgeCachePlace {
  /** ARN. */
  readonly keyValueStore: string
  /** Id. */
  readonly distribution: string
}

/** The list, and the cache behind it. */
export interface EdgeCache {
  /** Versions by pattern. @throws EdgeCacheError, as all of these */
  list(): Promise<ReadonlyMap<string, string>>
  /** Removes patterns and adds some, in as few requests as there can be. */
  change(remove: readonly string[], add: ReadonlyMap<string, string>): Promise<void>
  /** Forgets what is kept under paths, which may end with `*`. */
  invalidate(paths: readonly string[]): Promise<void>
}

/** What it needs of the process; tests have others. */
export interface EdgeCacheOptions {
  readonly send?: typeof fetch
  readonly credentials?: () => Promise<Credentials>
  readonly now?: () => Date
}

/** Most changes of one request: "Quotas on key value stores". */
const MAX_CHANGES = 50
/** Most paths with `*` that may be under way at once: "Quotas on invalidations". */
const MAX_PATHS = 15
/** The endpoint of CloudFront is in one Region. */
const REGION = 'us-east-1'
const CLOUDFRONT = 'cloudfront.amazonaws.com'

/** By the SDK's own chain. */
const ownCredentials = (): Promise<Credentials> =>
  new KMSClient({ region: REGION }).config.credentials()

const pieces = <T>(all: readonly T[], most: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / most) }, (_, at) =>
    all.slice(at * most, (at + 1) * most),
  )

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const batch = (paths: readonly string[]): string =>
  [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">',
    `<Paths><Quantity>${paths.length}</Quantity><Items>`,
    ...paths.map((path) => `<Path>${escaped(path)}</Path>`),
    `</Items></Paths><CallerReference>${randomUUID()}</CallerReference></InvalidationBatch>`,
  ].join('')

/** @throws EdgeCacheError for an answer that is not 2xx */
const expectDone = async (what: string, answer: Response): Promise<Response> => {
  if (answer.ok) return answer
  const said = (await answer.text()).slice(0, 300)
  throw new EdgeCacheError(`${what} answered ${answer.status}: ${said}`, answer.status)
}

/** Opens the list. Sends nothing. */
export const openEdgeCache = (
  { keyValueStore, distribution }: EdgeCachePlace,
  { send = fetch, credentials = ownCredentials, now = () => new Date() }: EdgeCacheOptions = {},
): EdgeCache => {
  const [, , , , account = ''] = keyValueStore.split(':')
  const base = `https://${account}.cloudfront-kvs.global.api.aws/key-value-stores/${encodeURIComponent(keyValueStore)}`

  const ask = async (
    method: 'GET' | 'POST',
    target: string,
    headers: Readonly<Record<string, string>> = {},
    body = '',
  ): Promise<Response> => {
    const url = new URL(base + target)
    const request = { method, url, headers, body }
    const signed = signV4a(request, 'cloudfront-keyvaluestore', await credentials(), now())
    const sent = await send(url, { method, headers: signed, ...(body === '' ? {} : { body }) })
    return expectDone(`the key-value store ${keyValueStore}`, sent)
  }

  return {
    async list() {
      const found = new Map<string, string>()
      for (let next: string | undefined = ''; next !== undefined; ) {
        const more: string = next === '' ? '' : `&NextToken=${encodeURIComponent(next)}`
        const page = (await (await ask('GET', `/keys?MaxResults=50${more}`)).json()) as {
          Items?: { Key: string; Value: string }[]
          NextToken?: string
        }
        for (const { Key, Value } of page.Items ?? []) found.set(Key, Value)
        next = page.NextToken
      }
      return found
    },

    async change(remove, add) {
      const changes = [
        ...remove.map((Key) => ({ Deletes: { Key } })),
        ...[...add].map(([Key, Value]) => ({ Puts: { Key, Value } })),
      ]
      if (changes.length === 0) return
      let version = (await ask('GET', '')).headers.get('ETag') ?? ''
      for (const piece of pieces(changes, MAX_CHANGES)) {
        const body = JSON.stringify({
          Deletes: piece.flatMap((each) => ('Deletes' in each ? [each.Deletes] : [])),
          Puts: piece.flatMap((each) => ('Puts' in each ? [each.Puts] : [])),
        })
        const headers = { 'content-type': 'application/json', 'if-match': version }
        version = (await ask('POST', '/keys', headers, body)).headers.get('ETag') ?? ''
      }
    },

    async invalidate(paths) {
      if (paths.length === 0) return
      const body = batch(paths.length > MAX_PATHS ? ['/v2/*'] : paths)
      const path = `/2020-05-31/distribution/${distribution}/invalidation`
      const request = new HttpRequest({
        method: 'POST',
        hostname: CLOUDFRONT,
        path,
        headers: { host: CLOUDFRONT, 'content-type': 'application/xml' },
        body,
      })
      const signer = new SignatureV4({
        service: 'cloudfront',
        region: REGION,
        credentials: await credentials(),
        sha256: new KMSClient({ region: REGION }).config.sha256,
      })
      const { headers } = await signer.sign(request, { signingDate: now() })
      const { host: _, ...sent } = headers
      const answer = await send(`https://${CLOUDFRONT}${path}`, {
        method: 'POST',
        headers: sent,
        body,
      })
      await expectDone(`the invalidation at ${distribution}`, answer)
    },
  }
}
