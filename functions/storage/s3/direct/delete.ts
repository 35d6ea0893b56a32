/**
 * Deletes of objects.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import type { HttpResponse } from '@smithy/core/protocols'
import { StoreError } from '../../errors.ts'
import type { DirectClient, ReportFallback } from '../direct-client.ts'
import { messageIn } from './error-text.ts'
import { trying, unusual } from './fallback.ts'
import type { Requests } from './requests.ts'

/** S3 says 204, other services may say 200: to ask them again would be to hear that it is not there. */
const isGone = ({ statusCode }: HttpResponse): boolean => statusCode === 204 || statusCode === 200

/** The message in a body. That it breaks off changes nothing: its status says whether it is gone. */
const saidBy = ({ body }: HttpResponse): Promise<string> =>
  messageIn(body as Readable).catch(() => '')

/** Deletes from a bucket. As with writes, a refusal is final. */
export const createDelete = (
  requests: Requests,
  report: ReportFallback,
): Pick<DirectClient, 'remove' | 'removeIf'> => ({
  remove: (key) =>
    trying(`delete ${key}`, report, async () => {
      const response = await requests.object('DELETE', key)
      if (!isGone(response)) throw unusual(response)
      await saidBy(response)
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
      if (!isGone(response) && response.statusCode !== 412) throw unusual(response)
      const message = await saidBy(response)
      if (isGone(response)) return true as const
      throw new StoreError('precondition', `${doing}: PreconditionFailed: ${message}`)
    })
  },
})
