/**
 * GetObject by plain requests. Only an answer that needs no thought is taken: the object, or that
 * there is none. With anything else the caller asks again through the SDK, which knows all about
 * retries and failures.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import type { Bucket } from './bucket.ts'
import type { Requests } from './requests.ts'

/** An object's bytes and headers, or that there is none. */
export type PlainAnswer =
  | { readonly headers: Readonly<Record<string, string>>; readonly body: Readable }
  | 'none'

/** Reads one object; undefined where the SDK has to. */
export type PlainGet = (key: string, range?: string) => Promise<PlainAnswer | undefined>

/** Longest answer that says there is no object. */
const MAX_ERROR = 4096

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
