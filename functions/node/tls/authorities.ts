/**
 * The authorities whose certificates let callers in, and what they have revoked.
 *
 * @module
 */

import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { CertificateAuthorities, ClientCertificate } from '../../auth/certificate.ts'
import { certificatesOfBundle } from '../../auth/trusted-keys/key-set.ts'
import { crlBlocks, parseCrls, plainSerial, type RevocationList, subjectOf } from './crl.ts'

/** The authorities as two files have them. */
export interface Authorities extends CertificateAuthorities {
  /** What OpenSSL checks handshakes with. */
  readonly options: { readonly ca: string; readonly crl?: string[] }
  /** The authority that issued a certificate. */
  issuerOf(certificate: X509Certificate): X509Certificate | undefined
}

const fingerprint = ({ fingerprint256 }: X509Certificate): string =>
  fingerprint256.replaceAll(':', '')

/**
 * Reads the files.
 *
 * @param ca certificates of authorities, PEM
 * @param crl lists of revoked certificates, PEM
 * @param now clock in milliseconds
 * @throws Error when one of them is something else
 */
export const readAuthorities = (
  ca: string,
  crl: string | undefined,
  now: () => number,
): Authorities => {
  const certificates = certificatesOfBundle(ca)
  const known = new Map(certificates.map((each) => [fingerprint(each), each]))
  const lists = crl === undefined ? undefined : parseCrls(crl)
  const listOf = (authority: X509Certificate): RevocationList | undefined => {
    const subject = subjectOf(authority)
    return lists?.find(({ issuer }) => issuer.equals(subject))
  }
  const listOfIssuer = new Map([...known].map(([print, each]) => [print, listOf(each)]))
  return {
    options: { ca, ...(crl === undefined ? {} : { crl: crlBlocks(crl) }) },
    issuerOf: (certificate) =>
      certificates.find(
        (each) => each.ca && certificate.checkIssued(each) && certificate.verify(each.publicKey),
      ),
    refusal({ issuer, serial, ends }) {
      if (!known.has(issuer)) return 'was issued by an authority that is not accepted here'
      if (now() > ends) return 'has expired'
      if (lists === undefined) return undefined
      const list = listOfIssuer.get(issuer)
      if (list === undefined) return 'is of an authority without a list of revoked certificates'
      if (list.revoked.has(plainSerial(serial))) return 'was revoked'
      return now() > list.ends
        ? 'is of an authority whose list of revoked certificates is too old'
        : undefined
    },
  }
}

/** What a client showed in the handshake: nothing, something that is refused, or a certificate. */
export type Shown = ClientCertificate | { readonly refused: string } | undefined

const subjectFrom = (certificate: X509Certificate): ClientCertificate['subject'] => {
  // Of the entries themselves: the text of a subject can be made to look like another's.
  const { subject } = certificate.toLegacyObject()
  const entries = Object.entries((subject ?? {}) as Record<string, string | string[]>)
  return Object.fromEntries(entries.map(([name, value]) => [name, [value].flat()]))
}

const examine = (socket: TLSSocket, authorities: Authorities): Shown => {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  if (!socket.authorized) {
    const why = String(socket.authorizationError ?? 'it cannot be verified')
    return { refused: `is not accepted (${why})` }
  }
  const issuer = authorities.issuerOf(certificate)
  if (issuer === undefined)
    return { refused: 'was issued by an authority that is not accepted here' }
  return {
    id: {
      issuer: fingerprint(issuer),
      serial: certificate.serialNumber,
      ends: certificate.validToDate.getTime(),
    },
    subject: subjectFrom(certificate),
  }
}

/**
 * Makes a function that tells what the client of a connection showed. Whether that is accepted is asked
 * with every request, as authorities and lists change during a connection.
 *
 * @param current the authorities as they are now
 */
export const createExaminer = (current: () => Authorities) => {
  const known = new WeakMap<TLSSocket, { readonly by: Authorities; readonly shown: Shown }>()
  return (socket: TLSSocket): Shown => {
    const by = current()
    const before = known.get(socket)
    const shown = before?.by === by ? before.shown : examine(socket, by)
    known.set(socket, { by, shown })
    if (shown === undefined || 'refused' in shown) return shown
    const why = by.refusal(shown.id)
    return why === undefined ? shown : { refused: why }
  }
}
