/**
 * A certificate and its key: what OpenSSL says of wrong ones names neither file nor fault.
 *
 * @module
 */

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'

/** What a server with TLS needs, PEM. */
export interface Pair {
  readonly cert: string
  readonly key: string
}

const isKey = (pem: string): boolean => /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/.test(pem)
const isCertificate = (pem: string): boolean => pem.includes('-----BEGIN CERTIFICATE-----')

/** What a file that is not what it should be is instead. */
const insteadOf = (pem: string): string =>
  isKey(pem) ? 'a private key' : isCertificate(pem) ? 'a certificate' : 'neither'

const parsed = <T>(what: string, parse: () => T): T => {
  try {
    return parse()
  } catch {
    // The cause may quote the key.
    throw new Error(`${what} is damaged`)
  }
}

/**
 * Checks the texts of two files.
 *
 * @param cert a certificate, and after it those that it depends on
 * @throws Error when one is not what it should be, the two do not belong together, or it has ended
 */
export const checkedPair = (cert: string, key: string): Pair => {
  if (isKey(cert) && !isCertificate(cert) && isCertificate(key) && !isKey(key)) {
    throw new Error('the first is a private key and the second a certificate: swap them')
  }
  if (!isCertificate(cert)) {
    throw new Error(`the first is not a certificate in PEM, but ${insteadOf(cert)}`)
  }
  if (!isKey(key)) throw new Error(`the second is not a private key in PEM, but ${insteadOf(key)}`)
  if (key.includes('ENCRYPTED')) {
    throw new Error('the key is encrypted: expected one without a passphrase')
  }
  const certificate = parsed('the certificate', () => new X509Certificate(cert))
  const privateKey = parsed('the key', () => createPrivateKey(key))
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new Error(
      'the key is not the one of the certificate, which must be the first in its file',
    )
  }
  if (certificate.validToDate.getTime() < Date.now()) {
    throw new Error(`the certificate has ended on ${certificate.validToDate.toISOString()}`)
  }
  createSecureContext({ cert, key })
  return { cert, key }
}
