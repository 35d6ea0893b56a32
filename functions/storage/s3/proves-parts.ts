/**
 * Whether the service holds presigned parts to what was signed, found out by sending it some that it must
 * refuse.
 *
 * @module
 */
import { hash, randomUUID } from 'node:crypto'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { HttpRequest } from '@smithy/core/protocols'
import { MIN_PART_SIZE, type PresignedPart } from '../store.ts'
import type { Bucket } from './bucket.ts'
import { abortMultipart, createMultipart, listParts } from './multipart.ts'
import { at, copySource } from './place.ts'
import { presignPart } from './presign-part.ts'
import { hasCode } from './service-errors.ts'

/** Milliseconds for a response to a part: some emulators never refuse, and never respond. */
const PATIENCE = 5_000

const SIGNED = Buffer.from('what was signed')
const OTHER = Buffer.from('not what it was')

const sha256 = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex')
const checksum = (bytes: Uint8Array): string => hash('sha256', bytes, 'base64')

/** Sends a part. @returns the status, or 0 where no response comes */
const send = async (
  { client }: Bucket,
  { url }: PresignedPart,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
): Promise<number> => {
  const { protocol, hostname, port, host, pathname, searchParams } = new URL(url)
  const request = new HttpRequest({
    method: 'PUT',
    protocol,
    hostname,
    ...(port === '' ? {} : { port: Number(port) }),
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers: { ...headers, host, 'content-length': String(body.byteLength) },
    body,
  })
  const abortSignal = AbortSignal.timeout(PATIENCE)
  try {
    const { response } = await client.config.requestHandler.handle(request, { abortSignal })
    response.body?.resume()
    return response.statusCode
  } catch (error) {
    if (abortSignal.aborted) return 0
    throw error
  }
}

const isRefused = (status: number): boolean => status >= 400 && status < 500

/** A service without checksums refuses to begin such an upload. */
const unlessRefused = (error: unknown): undefined => {
  if (hasCode(error, 'NotImplemented', 'InvalidArgument', 'InvalidRequest')) return undefined
  throw error
}

/**
 * See the port. Refused must be: other bytes, with the signed checksum, with their own, with none; and a
 * copy of another object in place of bytes. The right bytes must be taken, and their hash be listed. Ten
 * requests.
 */
export const provesParts = async (bucket: Bucket): Promise<boolean> => {
  const key = `${bucket.scratch}${randomUUID()}`
  const source = `${key}-source`
  const upload = await createMultipart(bucket, key, MIN_PART_SIZE, true).catch(unlessRefused)
  if (upload === undefined) return false
  try {
    const expected = { size: SIGNED.byteLength, sha256: sha256(SIGNED), expiresIn: 60 }
    const [part] = await Promise.all([
      presignPart(bucket, upload, 1, expected),
      bucket.client.send(
        new PutObjectCommand({ ...at(bucket, source), ...bucket.encryption, Body: OTHER }),
      ),
    ])
    const { 'x-amz-checksum-sha256': _, ...unchecked } = part.headers
    const refused = await Promise.all([
      send(bucket, part, part.headers, OTHER),
      send(bucket, part, { ...unchecked, 'x-amz-checksum-sha256': checksum(OTHER) }, OTHER),
      send(bucket, part, unchecked, OTHER),
      send(
        bucket,
        part,
        { ...part.headers, 'x-amz-copy-source': copySource(bucket, source) },
        SIGNED,
      ),
    ])
    if (!refused.every(isRefused)) return false
    if ((await send(bucket, part, part.headers, SIGNED)) !== 200) return false
    const [only, ...others] = await listParts(bucket, upload)
    return only?.sha256 === expected.sha256 && others.length === 0
  } finally {
    await Promise.allSettled([
      abortMultipart(bucket, upload),
      bucket.client.send(new DeleteObjectCommand(at(bucket, source))),
    ])
  }
}
