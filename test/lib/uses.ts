/**
 * What each operation of a store needs of the policy of a role, and what a policy allows.
 *
 * @module
 */

import { SCRATCH_PREFIX } from '../../functions/registry/layout.ts'
import type { MultipartUpload } from '../../functions/storage/store.ts'
import type { StoreCall } from '../support/rig/intercept.ts'
import type { Statement } from './synth.ts'

export const PREFIX = 'registry/'
export const BUCKET = 'arn:<AWS::Partition>:s3:::there-already'

/** What S3 asks the role's policy. */
export interface Use {
  readonly action: string
  readonly resource: string
  /** `s3:prefix` of a listing; of a missing object S3 asks whether its key may be listed. */
  readonly prefix?: string
}

export const on = (action: string, key: string): Use => ({
  action: `s3:${action}`,
  resource: `${BUCKET}/${PREFIX}${key}`,
})
export const listing = (prefix: string): Use => ({
  action: 's3:ListBucket',
  resource: BUCKET,
  prefix: PREFIX + prefix,
})
const reading = (key: string): Use[] => [on('GetObject', key), listing(key)]

/** What each call of the store needs, by the documentation of S3. */
export const usesOf = ({ operation, args }: StoreCall): Use[] => {
  const [first, second] = args as [string, string]
  const { key } = (args[0] ?? {}) as MultipartUpload
  switch (operation) {
    case 'get':
    case 'head':
      return reading(first)
    case 'presign':
      return reading(second)
    case 'put':
    case 'createMultipart':
      return [on('PutObject', first)]
    case 'copy':
      return [...reading(first), on('PutObject', second)]
    case 'delete':
      return (args[0] as string[]).map((each) => on('DeleteObject', each))
    case 'deleteIf':
      return [...reading(first), on('DeleteObject', first)]
    case 'deleteOnce':
      return [on('DeleteObject', first)]
    case 'deleteVersion':
      return [on('DeleteObjectVersion', first)]
    case 'deletesExactly':
    case 'losesWrites':
      return ['PutObject', 'GetObject', 'DeleteObject'].map((each) => on(each, SCRATCH_PREFIX))
    case 'provesParts':
      return ['PutObject', 'ListMultipartUploadParts', 'AbortMultipartUpload', 'DeleteObject'].map(
        (each) => on(each, SCRATCH_PREFIX),
      )
    case 'list':
      return [listing(first)]
    case 'uploadPart':
    case 'presignPart':
    case 'completeMultipart':
      return [on('PutObject', key)]
    case 'listParts':
      return [on('ListMultipartUploadParts', key)]
    case 'abortMultipart':
      return [on('AbortMultipartUpload', key)]
    // Of the file store alone.
    case 'sweep':
    case 'leftovers':
      return []
    case 'listMultiparts':
      return [{ action: 's3:ListBucketMultipartUploads', resource: BUCKET }]
  }
}

/** Whether IAM's pattern, in which `*` is any text, matches. */
const matches = (pattern: string, text: string): boolean =>
  new RegExp(`^${pattern.replace(/[\\^$.|?+()[\]{}]/g, '\\$&').replaceAll('*', '.*')}$`).test(text)

/** Whether a statement allows a use. */
export const allows = (statement: Statement, { action, resource, prefix = '' }: Use): boolean =>
  statement.effect === 'Allow' &&
  statement.actions.includes(action) &&
  statement.resources.some((pattern) => matches(pattern, resource)) &&
  ((statement.condition?.StringLike?.['s3:prefix'] ?? ['*']) as string[]).some((pattern) =>
    matches(pattern, prefix),
  )
