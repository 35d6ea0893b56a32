/**
 * Why a token is refused. The message goes to the client and the reason into its detail; the token
 * itself goes nowhere.
 *
 * @module
 */

import { errors } from 'jose'
import { quoted } from '../shared/errors.ts'
import { AccessError } from './errors.ts'

/** One word for each way in which a token can be invalid; `detail.reason` of the error. */
export type RefusalReason =
  | 'missing'
  | 'too-long'
  | 'malformed'
  | 'type'
  | 'critical'
  | 'algorithm'
  | 'issuer'
  | 'unknown-key'
  | 'certificate'
  | 'signature'
  | 'audience'
  | 'expired'
  | 'not-yet-valid'
  | 'issued-later'
  | 'claims'
  | 'credential'

/** The error for a refused token: UNAUTHORIZED, `the token <why>`. */
export const refusal = (reason: RefusalReason, why: string, cause?: unknown): AccessError =>
  new AccessError('UNAUTHORIZED', `the token ${why}`, { detail: { reason }, cause })

const CLAIM_REASONS: Readonly<Record<string, [RefusalReason, string]>> = {
  aud: ['audience', 'is for another service'],
  nbf: ['not-yet-valid', 'is not valid yet'],
}

/** Turns an error of jose into a refusal, and leaves any other as it is. */
export const explain = (error: unknown): Error => {
  if (error instanceof errors.JWTExpired) return refusal('expired', 'has expired', error)
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return refusal('signature', 'has an invalid signature', error)
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const [reason, why] = CLAIM_REASONS[error.claim] ?? []
    if (reason && why && error.reason === 'check_failed') return refusal(reason, why, error)
    return refusal('claims', `has no valid claim ${quoted(error.claim)}`, error)
  }
  if (error instanceof errors.JOSEError) return refusal('malformed', 'is not a signed JWT', error)
  return error instanceof Error ? error : new Error(String(error))
}
