/**
 * Where an upstream's tokens may be asked for.
 *
 * Whoever answers for an upstream names the address that its credentials are sent to (CVE-2026-33540). So that must be
 * the upstream's own host, or one of the same registrable domain, as `auth.docker.io` is for `registry-1.docker.io`.
 *
 * @module
 */

import { getDomain } from 'tldts'

/** Domains of different customers of a platform are different. */
const domainOf = ({ hostname }: URL): string | null =>
  getDomain(hostname, { allowPrivateDomains: true })

/**
 * Whether an upstream may have tokens asked for at an address.
 *
 * @param origin scheme and host of the upstream
 */
export const isPinned = (origin: string, realm: string): boolean => {
  const [own, named] = [new URL(origin), URL.parse(realm)]
  if (named === null || named.username !== '' || named.password !== '') return false
  // Never in the clear where the upstream itself is not.
  if (named.protocol !== 'https:' && (named.protocol !== 'http:' || own.protocol !== 'http:'))
    return false
  if (named.hostname === own.hostname) return true
  const domain = domainOf(own)
  return domain !== null && domain === domainOf(named)
}
