/**
 * The audit trail: one event for each log-in, grant, refusal, push, pull, delete, override, image that is not what the
 * policy requires, change to the documents of access control and change by the admin API. No event contains a secret, a token or an upload's state.
 *
 * @module
 */

export interface AuditEvent {
  readonly event:
    | 'login'
    | 'grant'
    | 'refusal'
    | 'push'
    | 'pull'
    | 'delete'
    | 'override'
    | 'guard'
    | 'config'
    | 'admin'
  /**
   * Who did it, as `user:alice`; absent if no caller did, or if it is unknown. Of a changed document, who said to have
   * changed it.
   */
  readonly who?: string
  /** What was requested or done: a scope, a manifest, a document. */
  readonly what: string
  /** Address of the client. */
  readonly from?: string
  readonly outcome: 'ok' | 'failed'
  /** Why it was refused or failed. */
  readonly why?: string
  /** Id (`jti`) of the token. */
  readonly token?: string
  readonly requestId?: string
}

/** Records an event; must not throw. */
export type Audit = (event: AuditEvent) => void

/** The event of a document that is in force from now on. @param by who changed it, if that is known */
export const changed = ({
  key,
  by,
}: {
  readonly key: string
  readonly by?: string
}): AuditEvent => ({
  event: 'config',
  ...(by === undefined ? {} : { who: by }),
  what: key,
  outcome: 'ok',
})
