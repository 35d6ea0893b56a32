/**
 * Types that all of the HTTP layer shares.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import type { Context } from 'hono'
import type { RequestIdVariables } from 'hono/request-id'
import type { Audit } from '../auth/audit.ts'
import type { Authorizer, Caller } from '../auth/authorizer.ts'
import type { TokenIssuing } from '../auth/token-service.ts'
import type { Registry } from '../registry/registry.ts'
import type { ByteSource } from '../storage/bytes.ts'

/** Where a request's log line goes; pino's shape. */
export interface RequestLogger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** What of a body arrives for sure. */
export interface BodyLimit {
  /** Bytes. */
  readonly bytes: number
  /** What to do with more, for the message. */
  readonly instead: string
}

export interface AppOptions {
  readonly registry: Registry
  readonly logger: RequestLogger
  /** Whether blob GETs are sent to the store itself, where it can give URLs. */
  readonly redirects: boolean
  /** Whether a client of this address is not sent there, though others are. */
  readonly direct?: ((address: string) => boolean) | undefined
  /**
   * Whether blob HEADs are, too: for hosts that do not keep a Content-Length on an answer without
   * a body, as API Gateway may not.
   */
  readonly redirectHeads: boolean
  /**
   * Whether manifest HEADs are, too: for hosts that answer without a body's length. Clients that
   * then miss the digest ask again with GET.
   */
  readonly redirectManifestHeads?: boolean
  readonly authorizer: Authorizer
  readonly audit: Audit
  /** Scheme and host as clients see them, where requests do not tell. */
  readonly publicUrl?: string | undefined
  /** Set where this registry issues tokens itself. */
  readonly issuing?: TokenIssuing
  /** What of a body arrives, where the host cannot carry all. */
  readonly bodyLimit?: BodyLimit | undefined
  /** Refuse everything that writes. */
  readonly readOnly: boolean
}

/** Hono's environment of every handler. */
export interface AppEnv {
  Bindings: {
    /** The client's method, where a host has to ask with another one; for the log line only. */
    readonly clientMethod?: string
    /**
     * The request's body, where the host has it at less cost than as a web stream. A chunk may be good
     * only until the next one is asked for.
     */
    readonly body?: () => ByteSource
    /**
     * Takes the answer's body, where the host sends a stream at less cost than as a web stream. The
     * answer itself has none then.
     */
    readonly sendBody?: (body: Readable) => void
    /** Bytes of the request's body that arrived, where that may not be all. */
    readonly receivedBytes?: number
    /** Scheme and host as the client sees them, where the request's URL does not say. */
    readonly origin?: string
    /** Address of the client. */
    readonly address?: string
  }
  Variables: RequestIdVariables & {
    /** What went wrong, for the log line only. */
    failure?: unknown
    authorizer: Authorizer
    /** Who makes the request, once that was asked. */
    caller?: Caller
    audit: Audit
    publicUrl: string | undefined
    /** Who began the upload that the request goes on with, for the audit. */
    startedBy?: string
  }
}

export type AppContext = Context<AppEnv>
