/**
 * A self-signed certificate for a signing key. distribution 2.x accepts token keys in no other
 * form: its `auth.token.rootcertbundle` is a file of such certificates, one for each published key.
 *
 * It is built here rather than by openssl because it has to be signed through the {@link Signer}: a
 * KMS key is not available as a file. X.509 is RFC 5280 section 4.1, DER is X.690.
 *
 * @module
 */

import { createPublicKey, randomBytes } from 'node:crypto'
import type { Signer } from './signing-keys.ts'

/** One DER element: tag, length, content. */
const element = (tag: number, ...content: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(content)
  const size = body.length
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const sequence = (...content: readonly Uint8Array[]): Buffer => element(0x30, ...content)
const set = (content: Uint8Array): Buffer => element(0x31, content)
const bitString = (bytes: Uint8Array): Buffer => element(0x03, Buffer.of(0), bytes)

/** A positive INTEGER: without leading zeros, except for one before a set top bit. */
const integer = (bytes: Uint8Array): Buffer => {
  const start = bytes.findIndex((byte) => byte !== 0)
  const digits = start < 0 ? Buffer.of(0) : bytes.subarray(start)
  return element(0x02, (digits[0] ?? 0) & 0x80 ? Buffer.of(0) : Buffer.of(), digits)
}

const COMMON_NAME = hex('0603550403')
const ECDSA_SHA256 = sequence(hex('06082a8648ce3d040302'))
/** basicConstraints, critical, CA: false. */
const NO_CA = sequence(hex('0603551d13'), hex('0101ff'), element(0x04, sequence()))
/** keyUsage, critical: digitalSignature. */
const SIGNS = sequence(hex('0603551d0f'), hex('0101ff'), element(0x04, hex('03020780')))

/** A time as RFC 5280 section 4.1.2.5 requires: two-digit years until 2049, four-digit from 2050. */
const time = (milliseconds: number): Buffer => {
  const [digits = ''] = new Date(milliseconds).toISOString().replace(/[-:T]/g, '').split('.')
  const short = Number(digits.slice(0, 4)) < 2050
  return element(short ? 0x17 : 0x18, Buffer.from(`${short ? digits.slice(2) : digits}Z`))
}

export interface CertificateOptions {
  readonly signer: Signer
  /** Common name of subject and issuer, for people only. */
  readonly name: string
  /** Milliseconds since 1970, as is `until`. */
  readonly from: number
  readonly until: number
}

/** Creates the certificate, in PEM. */
export const selfSignedCertificate = async (options: CertificateOptions): Promise<string> => {
  const { signer, from, until } = options
  const commonName = sequence(COMMON_NAME, element(0x0c, Buffer.from(options.name)))
  const name = sequence(set(commonName))
  const key = createPublicKey({ key: { ...signer.publicJwk }, format: 'jwk' })
  const body = sequence(
    element(0xa0, integer(Buffer.of(2))),
    integer(randomBytes(16)),
    ECDSA_SHA256,
    name,
    sequence(time(from), time(until)),
    name,
    key.export({ format: 'der', type: 'spki' }),
    element(0xa3, sequence(NO_CA, SIGNS)),
  )
  const raw = await signer.sign(body)
  const signature = sequence(integer(raw.subarray(0, 32)), integer(raw.subarray(32)))
  const der = sequence(body, ECDSA_SHA256, bitString(signature))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
