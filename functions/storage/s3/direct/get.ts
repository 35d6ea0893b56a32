/**
 * Reads of objects.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import type { Bucket } from '../bucket.ts'
import type { DirectClient, ReportFallback } from '../direct-client.ts'
import { trying, unusual } from './fallback.ts'
import type { Requests } from './requests.ts'
import { textOf } from './text.ts'

/** The most bytes of a response that says there is no such object. */
const MAX_ERROR = 4096

/** Reads of a bucket's objects. */
export const createGet = (
  { client }: Bucket,
  requests: Requests,
  report: ReportFallback,
): DirectClient['get'] => {
  const send = async (key: string, range: string | undefined) => {
    const request = await requests.get(key, range === undefined ? {} : { range })
    const { response } = await client.config.requestHandler.handle(request)
    const { statusCode, headers } = response
    const body = response.body as Readable
    const complete = headers['content-length'] !== undefined
    if ((statusCode === 200 || statusCode === 206) && complete) return { headers, body }
    if (statusCode === 404) {
      const text = await textOf(body, MAX_ERROR)
      if (text?.includes('<Code>NoSuchKey</Code>')) return 'none' as const
    }
    throw unusual(response)
  }
  return (key, range) => trying(`get ${key}`, report, () => send(key, range))
}
