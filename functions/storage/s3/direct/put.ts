/**
 * Writes of whole objects.
 *
 * @module
 */

import { hash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { StoreError } from '../../errors.ts'
import type { WriteCondition } from '../../store.ts'
import type { DirectClient, ReportFallback } from '../direct-client.ts'
import { etagOf, type Place } from '../place.ts'
import { messageIn } from './error-text.ts'
import { trying, unusual } from './fallback.ts'
import type { Requests } from './requests.ts'

type Headers = Readonly<Record<string, string>>

const conditionOf = (condition: WriteCondition | undefined): Headers => {
  if (condition === undefined) return {}
  return 'ifMatch' in condition
    ? { 'if-match': `"${condition.ifMatch}"` }
    : { 'if-none-match': condition.ifNoneMatch }
}

const metadataOf = (metadata: Headers | undefined): Headers =>
  Object.fromEntries(
    Object.entries(metadata ?? {}).map(([name, value]) => [`x-amz-meta-${name}`, value]),
  )

const encryptionOf = ({ options: { kmsKeyId } }: Place): Headers =>
  kmsKeyId === undefined
    ? {}
    : {
        'x-amz-server-side-encryption': 'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id': kmsKeyId,
        'x-amz-server-side-encryption-bucket-key-enabled': 'true',
      }

/** Writes to a bucket. A refusal is final, since each is sent once; anything else that is no success is not. */
export const createPut = (
  place: Place,
  requests: Requests,
  report: ReportFallback,
): DirectClient['put'] => {
  const encryption = encryptionOf(place)
  return (key, bytes, { condition, sha256, metadata, inTime }) => {
    const doing = `put ${key}`.trimEnd()
    return trying(doing, report, async () => {
      const sum = sha256 ?? hash('sha256', bytes)
      const headers = {
        ...encryption,
        ...conditionOf(condition),
        ...metadataOf(metadata),
        ...(sha256 && { 'x-amz-checksum-sha256': Buffer.from(sha256, 'hex').toString('base64') }),
      }
      const response = await requests.write(key, headers, { bytes, sha256: sum }, () => {
        if (inTime?.() === false) throw new StoreError('late', `${doing}: its time is over`)
      })
      const { statusCode, headers: received } = response
      const isDone = statusCode === 200 && received.etag !== undefined
      if (!isDone && (statusCode !== 412 || condition === undefined)) throw unusual(response)
      const message = await messageIn(response.body as Readable)
      if (isDone) return { etag: etagOf(received.etag) }
      throw new StoreError('precondition', `${doing}: PreconditionFailed: ${message}`)
    })
  }
}
