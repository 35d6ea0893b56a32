/**
 * How a policy names those whose signatures are valid.
 *
 * @module
 */

import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import * as z from '../../shared/schema.ts'
import { readAttributes } from '../certificate.ts'

/** Bits of the smallest RSA key. */
const SMALLEST_RSA = 2048

const CURVES: readonly (string | undefined)[] = ['prime256v1', 'secp384r1', 'secp521r1']

const keyFault = ({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject) => {
  const { modulusLength = 0, namedCurve } = asymmetricKeyDetails
  if (asymmetricKeyType === 'ed25519') return undefined
  if (asymmetricKeyType === 'ec' && CURVES.includes(namedCurve)) return undefined
  if (asymmetricKeyType === 'rsa' && modulusLength >= SMALLEST_RSA) return undefined
  return `expected a key of P-256, P-384, P-521 or Ed25519, or RSA from ${SMALLEST_RSA} bits`
}

/** What is wrong with a public key in PEM. A private one gives a public one, too, but has no place in a policy. */
const pemFault = (text: string): string | undefined => {
  if (!/^\s*-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----\s*$/.test(text)) {
    return 'expected one public key in PEM, as in cosign.pub'
  }
  try {
    return keyFault(createPublicKey(text))
  } catch {
    return 'it cannot be read as a public key'
  }
}

const certificateFault = (text: string): string | undefined => {
  if (!/^\s*-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\s*$/.test(text)) {
    return 'expected one certificate in PEM'
  }
  try {
    new X509Certificate(text)
    return undefined
  } catch {
    return 'it cannot be read as a certificate'
  }
}

const subjectFault = (text: string): string | undefined =>
  readAttributes(text)?.length
    ? undefined
    : 'expected attributes of the subject, as in CN=release,O=Example'

/** Whose signature is valid. */
export const signerSchema = z
  .strictObject({
    key: z
      .optional(z.faultless(pemFault))
      .check(z.describe('A public key in PEM: of cosign, or of a signer of schema 1.')),
    certificate: z
      .optional(z.faultless(certificateFault))
      .check(
        z.describe(
          "A certificate in PEM: a signer's own, or the authority that it leads to, for notation.",
        ),
      ),
    subject: z
      .optional(z.faultless(subjectFault))
      .check(z.describe("What the signer's certificate must have in its subject, as CN=release.")),
  })
  .check(
    z.superRefine(({ key, certificate, subject }, context) => {
      if ((key === undefined) === (certificate === undefined)) {
        context.addIssue('expected either key or certificate')
      } else if (certificate === undefined && subject !== undefined) {
        context.addIssue('subject is for certificates')
      }
    }),
  )

/** A signer as written. */
export type WrittenSigner = z.output<typeof signerSchema>
