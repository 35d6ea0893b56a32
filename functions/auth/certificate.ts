/**
 * Callers who show a certificate in the TLS handshake.
 *
 * @module
 */

import type { Identity } from './identity.ts'

/** Values by the attribute's short name, such as CN; several where the subject has it several times. */
export type CertificateSubject = Readonly<Record<string, readonly string[]>>

/** What tells a certificate from all others, and when it ends. */
export interface CertificateId {
  /** SHA-256 of the certificate of the authority that issued it, in hex. */
  readonly issuer: string
  /** In hex. */
  readonly serial: string
  /** Milliseconds since 1970. */
  readonly ends: number
}

/** A certificate whose holder has proved that they have its key, and that an authority of ours issued. */
export interface ClientCertificate {
  readonly id: CertificateId
  readonly subject: CertificateSubject
}

/** The authorities whose certificates let callers in, as they are at the moment. */
export interface CertificateAuthorities {
  /** Why a certificate that was accepted once is no longer; undefined if it still is. */
  refusal(id: CertificateId): string | undefined
}

/** A subject as a rule would name it: `CN=ci,O=Example`. */
const subjectText = (subject: CertificateSubject): string =>
  Object.entries(subject)
    .flatMap(([name, values]) =>
      values.map((value) => `${name}=${value.replace(/[\\,]/g, '\\$&')}`),
    )
    .join(',')

/** The caller who showed a certificate with this subject. */
export const certificateIdentity = (subject: CertificateSubject): Identity => ({
  kind: 'certificate',
  name: subjectText(subject),
  groups: [],
  claims: subject,
})

/**
 * The attributes that a rule names, `CN=ci,O=Example` with `\,` for a comma; none for `*`.
 *
 * @returns undefined if it is neither
 */
export const readAttributes = (
  text: string,
): readonly (readonly [name: string, value: string])[] | undefined => {
  if (text === '*') return []
  const parts = text.match(/(?:\\.|[^\\,])+/g) ?? []
  if (parts.join(',') !== text) return undefined
  const attributes = parts.map((part) => part.match(/^([A-Za-z][A-Za-z0-9.-]*)=(.+)$/s))
  if (attributes.length === 0 || attributes.includes(null)) return undefined
  return attributes.map((found) => [found?.[1] ?? '', (found?.[2] ?? '').replace(/\\(.)/gs, '$1')])
}

/** Whether a caller showed a certificate whose subject has all these attributes. */
export const hasAttributes = (
  { kind, claims }: Identity,
  attributes: readonly (readonly [name: string, value: string])[],
): boolean =>
  kind === 'certificate' &&
  attributes.every(([name, value]) => {
    const values: unknown = Object.hasOwn(claims, name) ? claims[name] : undefined
    return Array.isArray(values) && values.includes(value)
  })
