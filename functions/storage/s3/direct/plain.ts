/**
 * Reads by plain requests. Only an answer that needs no thought is taken: the object, or that there
 * is none; a page of keys. With anything else the caller asks again through the SDK, which knows all about
 * retries and failures.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import { readAll } from '../../bytes.ts'
import type { Bucket } from '../bucket.ts'
import { type Listing, parseListing } from './listing.ts'
import type { Requests } from './requests.ts'

/** An object's bytes and headers, or that there is none. */
export type PlainAnswer =
  | { readonly headers: Readonly<Record<string, string>>; readonly body: Readable }
  | 'none'

/** Reads one object; undefined where the SDK has to. */
export type PlainGet = (key: string, range?: string) => Promise<PlainAnswer | undefined>

/** Reads a page of keys; undefined where the SDK has to. */
export type PlainList = (query: Readonly<Record<string, string>>) => Promise<Listing | undefined>

/** Longest answer that says there is no object. */
const MAX_ERROR = 4096

/** Longest answer with a page of 1000 keys, all of whose 1024 bytes are percent-encoded. */
const MAX_PAGE = 4 * 1024 * 1024

const saysNoSuchKey = async (body: Readable): Promise<boolean> => {
  let text = ''
  for await (const chunk of body) {
    text += String(chunk)
    if (text.length > MAX_ERROR) return false
  }
  return text.includes('<Code>NoSuchKey</Code>')
}

/** Plain reads of a bucket. */
export const createPlainGet = ({ client }: Bucket, requests: Requests): PlainGet => {
  const ask = async (key: string, range: string | undefined): Promise<PlainAnswer | undefined> => {
    const request = await requests.get(key, range === undefined ? {} : { range })
    const { response } = await client.config.requestHandler.handle(request)
    const { statusCode, headers } = response
    const body = response.body as Readable
    const complete = headers['content-length'] !== undefined
    if ((statusCode === 200 || statusCode === 206) && complete) return { headers, body }
    if (statusCode === 404 && (await saysNoSuchKey(body))) return 'none'
    body.destroy()
    return undefined
  }
  return (key, range) => ask(key, range).catch(() => undefined)
}

/**
 * Plain listings of a bucket. After a page that is unusual the SDK reads all others, too: asking twice
 * is no habit.
 */
export const createPlainList = ({ client }: Bucket, requests: Requests): PlainList => {
  let usual = true
  const ask = async (query: Readonly<Record<string, string>>): Promise<Listing | undefined> => {
    const { response } = await client.config.requestHandler.handle(await requests.getBucket(query))
    const body = response.body as Readable
    if (response.statusCode === 200) {
      const listing = parseListing(String(await readAll(body, MAX_PAGE)))
      if (listing === undefined) usual = false
      return listing
    }
    body.destroy()
    return undefined
  }
  return async (query) => (usual ? ask(query).catch(() => undefined) : undefined)
}
