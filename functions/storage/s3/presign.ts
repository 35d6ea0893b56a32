/**
 * Presigned URLs by the SDK.
 *
 * @module
 */
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { PresignOptions } from '../store.ts'
import type { Bucket } from './bucket.ts'
import { at } from './place.ts'

interface Outgoing {
  readonly request: unknown
}

/** Removes the name of the operation, which the SDK adds for itself: S3 has no such parameter. */
export const withoutOperationName =
  <Args extends Outgoing, Output>(next: (args: Args) => Promise<Output>) =>
  (args: Args): Promise<Output> => {
    const { query } = args.request as { query: Record<string, unknown> }
    delete query['x-id']
    return next(args)
  }

/**
 * A URL for one method and object; see the port. Sends nothing. With temporary credentials, it
 * expires when they do.
 */
export const presign = (
  bucket: Bucket,
  method: 'GET' | 'HEAD',
  key: string,
  { expiresIn, contentType }: PresignOptions,
): Promise<string> => {
  const input = {
    ...at(bucket, key),
    ...(contentType !== undefined && { ResponseContentType: contentType }),
  }
  if (method === 'HEAD') {
    return getSignedUrl(bucket.client, new HeadObjectCommand(input), { expiresIn })
  }
  const command = new GetObjectCommand(input)
  command.middlewareStack.add(withoutOperationName, { step: 'build' })
  return getSignedUrl(bucket.client, command, { expiresIn })
}
