/**
 * Makes tokens as an attacker or another issuer would: any header, claims and key, signed without
 * the code under test.
 *
 * @module
 */

import { execFileSync } from 'node:child_process'
import {
  constants,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  X509Certificate,
} from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A token before it is signed. Tables change one thing of a valid one. */
export interface Draft {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  /** Private key, or the secret of an HMAC. */
  readonly key: KeyObject | string
  /** Algorithm it is really signed with, whatever the header says. Default: the header's. */
  readonly signWith?: string
  /** Changes the finished token. */
  readonly after?: (token: string) => string
}

export const ec = (namedCurve = 'P-256'): KeyObject =>
  generateKeyPairSync('ec', { namedCurve }).privateKey
export const rsa = (modulusLength = 2048): KeyObject =>
  generateKeyPairSync('rsa', { modulusLength }).privateKey
export const ed25519 = (): KeyObject => generateKeyPairSync('ed25519').privateKey

/** Public JWK of a private key, with more members. */
export const jwkOf = (key: KeyObject, more: Readonly<Record<string, unknown>> = {}) => ({
  ...createPublicKey(key).export({ format: 'jwk' }),
  ...more,
})

export const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

const signature = (algorithm: string, key: KeyObject | string, input: string): string => {
  const data = Buffer.from(input)
  const hash = `sha${algorithm.slice(2)}`
  if (algorithm === 'none') return ''
  if (algorithm.startsWith('HS')) {
    const secret = typeof key === 'string' ? key : key.export()
    return createHmac(hash, secret as Buffer)
      .update(data)
      .digest('base64url')
  }
  if (typeof key === 'string') throw new TypeError(`${algorithm} takes no secret`)
  const padding = constants.RSA_PKCS1_PSS_PADDING
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST
  const signed = algorithm.startsWith('ES')
    ? sign(hash, data, { key, dsaEncoding: 'ieee-p1363' })
    : algorithm.startsWith('PS')
      ? sign(hash, data, { key, padding, saltLength })
      : sign(algorithm.startsWith('RS') ? hash : null, data, key)
  return signed.toString('base64url')
}

/** Signs a draft. */
export const forge = ({ header, claims, key, signWith, after }: Draft): string => {
  const input = `${encode(header)}.${encode(claims)}`
  const token = `${input}.${signature(signWith ?? String(header.alg), key, input)}`
  return after ? after(token) : token
}

/** A certificate and its key. */
export interface Issued {
  readonly key: KeyObject
  readonly pem: string
  /** As it stands in `x5c`. */
  readonly der: string
}

export interface CertificateRequest {
  readonly name: string
  readonly ca: boolean
  /** Default: self-signed. */
  readonly by?: Issued
  readonly days?: number
  readonly key?: KeyObject
  /** Without the key identifiers that tell issuers of the same name apart. */
  readonly bare?: boolean
}

/** Makes a certificate with openssl, from now on for some days (default ten years). */
export const certify = (request: CertificateRequest): Issued => {
  const { name, ca, by, days = 3650, key = ec(), bare = false } = request
  const directory = mkdtempSync(join(tmpdir(), 'slipway-certify-'))
  const file = (base: string, content: string): string => {
    const path = join(directory, base)
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }
  const pemOf = (private_: KeyObject) => private_.export({ format: 'pem', type: 'pkcs8' }) as string
  try {
    const out = join(directory, 'out.pem')
    const issuer = by
      ? ['-CA', file('ca.pem', by.pem), '-CAkey', file('ca.key', pemOf(by.key))]
      : []
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-new', '-subj', `/CN=${name}`, '-days', String(days)],
        ...['-key', file('key.pem', pemOf(key)), '-out', out, ...issuer],
        // The machine's own configuration would add extensions of its own.
        ...['-config', file('openssl.cnf', '[req]\ndistinguished_name = dn\n[dn]\n')],
        ...['-addext', `subjectKeyIdentifier=${bare ? 'none' : 'hash'}`],
        ...['-addext', `authorityKeyIdentifier=${bare ? 'none' : 'keyid'}`],
        ...['-addext', `basicConstraints=critical,CA:${ca ? 'TRUE' : 'FALSE'}`],
      ],
      { stdio: 'pipe' },
    )
    const pem = readFileSync(out, 'utf8')
    return { key, pem, der: new X509Certificate(pem).raw.toString('base64') }
  } finally {
    rmSync(directory, { recursive: true })
  }
}
