/**
 * Which operation a request asks for.
 *
 * @module
 */
import type { IncomingHttpHeaders } from 'node:http'
import { completeUpload } from './complete.ts'
import { copyObject } from './copy.ts'
import { listObjects } from './listing.ts'
import { abortUpload, createUpload, uploadPart, uploadPartCopy } from './multipart.ts'
import type { Operation } from './operation.ts'
import { getObject } from './read.ts'
import type { Target } from './target.ts'
import { listParts, listUploads } from './uploads.ts'
import { deleteObject, deleteObjects, putObject } from './write.ts'

const OPERATIONS = {
  AbortMultipartUpload: abortUpload,
  CompleteMultipartUpload: completeUpload,
  CopyObject: copyObject,
  CreateMultipartUpload: createUpload,
  DeleteObject: deleteObject,
  DeleteObjects: deleteObjects,
  GetObject: getObject,
  HeadBucket: (): { status: number } => ({ status: 200 }),
  HeadObject: getObject,
  ListMultipartUploads: listUploads,
  ListObjectsV2: listObjects,
  ListParts: listParts,
  PutObject: putObject,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
} as const satisfies Record<string, Operation>

/** An operation's name as AWS writes it. */
export type OperationName = keyof typeof OPERATIONS

/** Subresources of buckets and objects that S3 has and this server has not. */
const ABSENT = new Set([
  'accelerate',
  'acl',
  'analytics',
  'attributes',
  'cors',
  'encryption',
  'intelligent-tiering',
  'inventory',
  'legal-hold',
  'lifecycle',
  'location',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'ownershipControls',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'replication',
  'requestPayment',
  'restore',
  'retention',
  'select',
  'tagging',
  'torrent',
  'versionId',
  'versioning',
  'versions',
  'website',
])

const bucketOperation = (method: string, query: Set<string>): OperationName | undefined => {
  if (method === 'HEAD') return 'HeadBucket'
  if (method === 'POST' && query.has('delete')) return 'DeleteObjects'
  if (method !== 'GET') return undefined
  if (query.has('uploads')) return 'ListMultipartUploads'
  return query.has('list-type') ? 'ListObjectsV2' : undefined
}

const objectOperation = (
  method: string,
  query: Set<string>,
  isCopy: boolean,
): OperationName | undefined => {
  const ofUpload = query.has('uploadId')
  switch (method) {
    case 'HEAD':
      return 'HeadObject'
    case 'GET':
      return ofUpload ? 'ListParts' : 'GetObject'
    case 'DELETE':
      return ofUpload ? 'AbortMultipartUpload' : 'DeleteObject'
    case 'PUT':
      if (ofUpload) return isCopy ? 'UploadPartCopy' : 'UploadPart'
      return isCopy ? 'CopyObject' : 'PutObject'
    case 'POST':
      if (query.has('uploads')) return 'CreateMultipartUpload'
      return ofUpload ? 'CompleteMultipartUpload' : undefined
    default:
      return undefined
  }
}

/** The operation a request asks for, or undefined where this server has none such. */
export const route = (
  method: string,
  target: Target,
  headers: IncomingHttpHeaders,
): OperationName | undefined => {
  const query = new Set(target.query.map(([name]) => name))
  if (target.bucket === '' || target.query.some(([name]) => ABSENT.has(name))) return undefined
  if (target.key === '') return bucketOperation(method, query)
  return objectOperation(method, query, headers['x-amz-copy-source'] !== undefined)
}

/** What carries an operation out. */
export const operationOf = (name: OperationName): Operation => OPERATIONS[name]
