/**
 * Reads of objects, and of what is known of them.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import type { DirectClient, ReportFallback } from '../direct-client.ts'
import { errorText } from './error-text.ts'
import { trying, unusual } from './fallback.ts'
import type { Requests } from './requests.ts'

/** Reads of a bucket's objects. */
export const createGet = (requests: Requests, report: ReportFallback): DirectClient['get'] => {
  const send = async (key: string, range: string | undefined) => {
    const response = await requests.object('GET', key, range === undefined ? {} : { range })
    const { statusCode, headers } = response
    const body = response.body as Readable
    const complete = headers['content-length'] !== undefined
    if ((statusCode === 200 || statusCode === 206) && complete) return { headers, body }
    if (statusCode === 404) {
      const text = await errorText(body)
      if (text?.includes('<Code>NoSuchKey</Code>')) return 'none' as const
    }
    throw unusual(response)
  }
  return (key, range) => trying(`get ${key}`, report, () => send(key, range))
}

/** What is known of a bucket's objects. A response to HEAD has no body: 404 is all that it says. */
export const createHead = (requests: Requests, report: ReportFallback): DirectClient['head'] => {
  const send = async (key: string) => {
    const response = await requests.object('HEAD', key)
    const { statusCode, headers } = response
    const isFound = statusCode === 200 && headers['content-length'] !== undefined
    if (!isFound && statusCode !== 404) throw unusual(response)
    const body = response.body as Readable
    // Until it has ended, its connection is not used again.
    body.resume()
    return isFound ? { headers } : ('none' as const)
  }
  return (key) => trying(`head ${key}`, report, () => send(key))
}
