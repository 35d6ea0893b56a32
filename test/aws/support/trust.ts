/**
 * Makes this process and its children trust an authority of the tests.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'

/** Trusts the certificates of a PEM file, until the process ends. */
export const trust = (file: string): void => {
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(file, 'utf8')])
  // Programs in Go, and OpenSSL's.
  process.env.SSL_CERT_FILE = file
}
