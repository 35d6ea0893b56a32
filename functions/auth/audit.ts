/**
 * The audit trail: one event for each log-in, grant, refusal, push, delete and change of who may do
 * what. No secret, token or upload state is ever part of one.
 *
 * @module
 */

export interface AuditEvent {
  readonly event: 'login' | 'grant' | 'refusal' | 'push' | 'delete' | 'config'
  /** Who, as `user:alice`; absent where nobody did it. */
  readonly who?: string
  /** What was asked for or done: a scope, a manifest, a document. */
  readonly what: string
  /** Address it came from. */
  readonly from?: string
  readonly outcome: 'ok' | 'failed'
  /** Why it was refused or failed. */
  readonly why?: string
  /** Id of the token that was granted or shown. */
  readonly token?: string
  readonly requestId?: string
}

/** Takes events; must not throw. */
export type Audit = (event: AuditEvent) => void
