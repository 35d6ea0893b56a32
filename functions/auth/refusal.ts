/**
 * Why a token is refused. The message goes to the client and the reason into the audit trail; the
 * token goes nowhere.
 *
 * @module
 */

import { AccessError } from './errors.ts'

/** One word for each way a token can be wrong; `detail.reason` of the error. */
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

/** The error of a refused token: UNAUTHORIZED, `the token <why>`. */
export const refusal = (reason: RefusalReason, why: string, cause?: unknown): AccessError =>
  new AccessError('UNAUTHORIZED', `the token ${why}`, { detail: { reason }, cause })
