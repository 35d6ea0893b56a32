/**
 * The checksums S3 knows, and the headers that carry them.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { crc32 } from 'node:zlib'
import { S3Error } from './errors.ts'

/** A digest in the making; `node:crypto`'s hashes are such. */
export interface Digest {
  update(chunk: Uint8Array): unknown
  digest(): Buffer
}

/** Whether a multipart object's checksum is of all its bytes or of its parts' checksums. */
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE'

/** A stored checksum. */
export interface Checksum {
  readonly algorithm: Algorithm
  /** Base64; for COMPOSITE followed by `-` and the number of parts. */
  readonly value: string
  readonly type: ChecksumType
}

const crc32Digest = (): Digest => {
  let value = 0
  return {
    update: (chunk) => {
      value = crc32(chunk, value)
    },
    digest: () => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(value)
      return bytes
    },
  }
}

/** CRC-32C's polynomial, bits reflected. */
const CRC32C = 0x82f63b78

const CRC32C_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ CRC32C : value >>> 1
  return value >>> 0
})

const crc32cDigest = (): Digest => {
  let value = 0xffffffff
  return {
    update: (chunk) => {
      for (const byte of chunk) value = CRC32C_TABLE[(value ^ byte) & 0xff]! ^ (value >>> 8)
    },
    digest: () => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE((value ^ 0xffffffff) >>> 0)
      return bytes
    },
  }
}

/** CRC-64/NVME's polynomial, bits reflected. */
const CRC64NVME = 0x9a6c9329ac4bc9b5n

const CRC64_TABLE = Array.from({ length: 256 }, (_, byte) => {
  let value = BigInt(byte)
  for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ CRC64NVME : value >> 1n
  return value
})
// Halves, because a BigInt for each byte of a body would be far too slow.
const CRC64_HIGH = Uint32Array.from(CRC64_TABLE, (value) => Number(value >> 32n))
const CRC64_LOW = Uint32Array.from(CRC64_TABLE, (value) => Number(value & 0xffffffffn))

const crc64nvmeDigest = (): Digest => {
  let high = 0xffffffff
  let low = 0xffffffff
  return {
    update: (chunk) => {
      for (const byte of chunk) {
        const index = (low ^ byte) & 0xff
        low = ((low >>> 8) | (high << 24)) ^ CRC64_LOW[index]!
        high = (high >>> 8) ^ CRC64_HIGH[index]!
      }
    },
    digest: () => {
      const bytes = Buffer.alloc(8)
      bytes.writeUInt32BE((high ^ 0xffffffff) >>> 0)
      bytes.writeUInt32BE((low ^ 0xffffffff) >>> 0, 4)
      return bytes
    },
  }
}

const ALGORITHMS = {
  CRC32: { size: 4, create: crc32Digest },
  CRC32C: { size: 4, create: crc32cDigest },
  CRC64NVME: { size: 8, create: crc64nvmeDigest },
  SHA1: { size: 20, create: (): Digest => createHash('sha1') },
  SHA256: { size: 32, create: (): Digest => createHash('sha256') },
} as const

/** A checksum algorithm's name as S3 writes it in XML and x-amz-checksum-algorithm. */
export type Algorithm = keyof typeof ALGORITHMS

/** All algorithms. */
export const algorithms = Object.keys(ALGORITHMS) as Algorithm[]

/** Whether an algorithm's multipart checksum can be of the whole object. */
export const isCrc = (algorithm: Algorithm): boolean => algorithm.startsWith('CRC')

/** A fresh digest. */
export const createDigest = (algorithm: Algorithm): Digest => ALGORITHMS[algorithm].create()

/** The header that carries an algorithm's checksum. */
export const checksumHeader = (algorithm: Algorithm): string =>
  `x-amz-checksum-${algorithm.toLowerCase()}`

/** An algorithm by its name in any case. Throws InvalidRequest where S3 has none such. */
export const parseAlgorithm = (name: string): Algorithm => {
  const algorithm = algorithms.find((known) => known === name.toUpperCase())
  if (algorithm === undefined)
    throw new S3Error(
      'InvalidRequest',
      'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
    )
  return algorithm
}

/** Throws InvalidRequest where a checksum's base64 is not of its algorithm's size. */
export const checkForm = (algorithm: Algorithm, value: string): void => {
  const bytes = Buffer.from(value, 'base64')
  if (bytes.length === ALGORITHMS[algorithm].size && bytes.toString('base64') === value) return
  throw new S3Error('InvalidRequest', `Value for ${checksumHeader(algorithm)} header is invalid.`)
}

/** A checksum that a request promises: its value at once, or later in the body's trailer. */
export interface PromisedChecksum {
  readonly algorithm: Algorithm
  /** Base64; undefined where it comes in the trailer. */
  readonly value: string | undefined
}

/** The checksum that a request's headers promise. Throws InvalidRequest where they are at odds. */
export const promisedChecksum = (headers: IncomingHttpHeaders): PromisedChecksum | undefined => {
  const trailer = headers['x-amz-trailer']
  const found = algorithms.flatMap((algorithm): PromisedChecksum[] => {
    const name = checksumHeader(algorithm)
    const value = headers[name]
    if (typeof value === 'string') return [{ algorithm, value }]
    return trailer === name ? [{ algorithm, value: undefined }] : []
  })
  if (found.length > 1)
    throw new S3Error(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    )
  const [checksum] = found
  if (headers['x-amz-sdk-checksum-algorithm'] !== undefined && checksum === undefined)
    throw new S3Error(
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    )
  if (checksum?.value !== undefined) checkForm(checksum.algorithm, checksum.value)
  return checksum
}

/** Response headers that tell a stored checksum. */
export const checksumHeaders = (checksum: Checksum | undefined): Record<string, string> =>
  checksum === undefined
    ? {}
    : {
        [checksumHeader(checksum.algorithm)]: checksum.value,
        'x-amz-checksum-type': checksum.type,
      }
