/**
 * Deletes of objects.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import { StoreError } from '../../errors.ts'
import type { DirectClient, ReportFallback } from '../direct-client.ts'
import { messageIn } from './error-text.ts'
import { trying, unusual } from './fallback.ts'
import type { Requests } from './requests.ts'

/** Deletes from a bucket. As with writes, a refusal is final. */
export const createDelete = (
  requests: Requests,
  report: ReportFallback,
): Pick<DirectClient, 'remove' | 'removeIf'> => ({
  remove: (key) =>
    trying(`delete ${key}`, report, async () => {
      const response = await requests.object('DELETE', key)
      if (response.statusCode !== 204) throw unusual(response)
      response.body.resume()
      return true as const
    }),

  removeIf: (key, etag, { once = false }) => {
    const doing = `delete a version of ${key}`.trimEnd()
    return trying(doing, report, async () => {
      const response = await requests
        .object('DELETE', key, { 'if-match': `"${etag}"` })
        .catch((cause: unknown) => {
          if (!once) throw cause
          const message = `delete ${key}: no answer; it may take place yet`
          throw new StoreError('unavailable', message, { cause })
        })
      const { statusCode } = response
      if (statusCode !== 204 && statusCode !== 412) throw unusual(response)
      const message = await messageIn(response.body as Readable)
      if (statusCode === 204) return true as const
      throw new StoreError('precondition', `${doing}: PreconditionFailed: ${message}`)
    })
  },
})
