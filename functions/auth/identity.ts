/**
 * Who makes a request.
 *
 * @module
 */

/** A caller, as far as it is known. */
export interface Identity {
  readonly kind: 'anonymous' | 'user' | 'robot' | 'token'
  /** Account name, or the `sub` of another issuer's token; empty for anonymous callers. */
  readonly name: string
  readonly groups: readonly string[]
  /** Claims of another issuer's token; empty for our own accounts. */
  readonly claims: Readonly<Record<string, unknown>>
}

export const ANONYMOUS: Identity = { kind: 'anonymous', name: '', groups: [], claims: {} }
