/**
 * Lists of revoked certificates (RFC 5280 section 5). OpenSSL checks them in each handshake, signature
 * and dates included. What is read here is for certificates that were accepted before a list changed.
 *
 * @module
 */

import type { X509Certificate } from 'node:crypto'
import { type Element, elements, sequence } from './der.ts'

/** A list. */
export interface RevocationList {
  /** Subject of the authority, in DER. */
  readonly issuer: Buffer
  /** Serial numbers, as {@link plainSerial} writes them. */
  readonly revoked: ReadonlySet<string>
  /** When the next one was promised, in milliseconds since 1970: then this one is too old. */
  readonly ends: number
}

const INTEGER = 0x02
const SEQUENCE = 0x30
const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18

/** A serial number in hex, in capitals and without leading zeros. */
export const plainSerial = (hex: string): string => hex.toUpperCase().replace(/^0+(?=.)/, '')

const isTime = ({ tag }: Element): boolean => tag === UTC_TIME || tag === GENERALIZED_TIME

/** RFC 5280 section 4.1.2.5: two-digit years from 50 on are of the 20th century. */
const timeOf = ({ tag, body }: Element): number => {
  const text = body.toString('latin1')
  const full =
    tag === GENERALIZED_TIME ? text : `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}`
  const [, ...parts] = full.match(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/) ?? []
  if (parts.length === 0) throw new Error('has a date that cannot be read')
  const [year = 0, month = 0, day, hour, minute, second] = parts.map(Number)
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

const parse = (der: Buffer): RevocationList => {
  const [list] = sequence(der)
  if (list === undefined) throw new Error('is empty')
  const fields = elements(list.body)
  // The version is there unless it is the first.
  const rest = fields[0]?.tag === INTEGER ? fields.slice(2) : fields.slice(1)
  const [issuer, issued, ...others] = rest
  if (issuer === undefined || issued === undefined || !isTime(issued)) throw new Error('is no list')
  const next = others[0] !== undefined && isTime(others[0]) ? others.shift() : undefined
  const entries = others[0]?.tag === SEQUENCE ? elements(others[0].body) : []
  const serials = entries.map(({ body }) =>
    plainSerial(elements(body)[0]?.body.toString('hex') ?? ''),
  )
  return {
    issuer: issuer.raw,
    revoked: new Set(serials),
    ends: next === undefined ? Number.POSITIVE_INFINITY : timeOf(next),
  }
}

/** The PEM blocks of the lists in a file. */
export const crlBlocks = (pem: string): string[] =>
  pem.match(/-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----/g) ?? []

/** Reads lists in PEM. @throws Error when there is none, or one that cannot be read */
export const parseCrls = (pem: string): RevocationList[] => {
  const blocks = crlBlocks(pem)
  if (blocks.length === 0) throw new Error('it has no X509 CRL in PEM')
  return blocks.map((block, index) => {
    try {
      return parse(Buffer.from(block.replace(/-----[^-]+-----|\s/g, ''), 'base64'))
    } catch (cause) {
      throw new Error(`list ${index + 1} of it cannot be read`, { cause })
    }
  })
}

/** The subject of a certificate, in DER. */
export const subjectOf = ({ raw }: X509Certificate): Buffer => {
  const fields = elements(sequence(raw)[0]?.body ?? Buffer.alloc(0))
  // The version is explicitly tagged; then come serial, algorithm, issuer, validity, subject.
  const first = fields[0]?.tag === 0xa0 ? 1 : 0
  return fields[first + 4]?.raw ?? Buffer.alloc(0)
}
