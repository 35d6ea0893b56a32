/**
 * Types that the whole HTTP layer shares.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import type { Context, Hono, MiddlewareHandler } from 'hono'
import type { RequestIdVariables } from 'hono/request-id'
import type { Audit } from '../auth/audit.ts'
import type { Authorizer, Caller } from '../auth/authorizer.ts'
import type { ClientCertificate } from '../auth/certificate.ts'
import type { PageSessions } from '../auth/people/account-session.ts'
import type { People } from '../auth/people/people.ts'
import type { TokenIssuing } from '../auth/token-service.ts'
import type { Guard } from '../guard/door.ts'
import type { Browser } from '../page/browser.ts'
import type { PageFiles } from '../page/files.ts'
import type { PullEvents, Recorder } from '../registry/happened.ts'
import type { Registry } from '../registry/registry.ts'
import type { Schema1 } from '../schema1/door.ts'
import type { Current } from '../search/current.ts'
import type { ByteSource } from '../storage/bytes.ts'
import type { ObjectStore } from '../storage/store.ts'
import type { PullTickets } from './pull-ticket.ts'
import type { Upstreams } from './upstream-port.ts'

/** Where log lines go; pino's loggers fit. */
export interface RequestLogger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/**
 * How a response ended: it was sent, or the connection was closed before, by the client or, for the
 * given reason, by the server.
 */
export type Ending = 'sent' | 'client gone' | { readonly reason: string; readonly status?: number }

/** What the line of a request has besides, for those who count. */
export type Measure = (request: {
  readonly method: string
  readonly path: string
  readonly status: number
}) => object

/** Bytes of a request, and of its response. */
export interface Bytes {
  readonly received: number
  readonly sent: number
}

/** How much of a request's body the host is sure to pass on. */
export interface BodyLimit {
  /** Bytes. */
  readonly bytes: number
  /** What to do with larger bodies, for the message. */
  readonly instead: string
}

/** The CDN in front of the registry. */
export interface Edge {
  /** What it shows to its origins; more than one while they are changed. */
  readonly secrets: () => Promise<readonly string[]>
  /** Whether requests that did not come through it are answered, too. */
  readonly open: boolean
  /**
   * A URL at the edge for what the store's presigned URL is for, for as many seconds. Absent: the edge has no
   * way to the store.
   */
  readonly urlOf?: ((presigned: string, expiresIn: number) => Promise<string>) | undefined
  /** Whether blobs are sent there, too. */
  readonly blobs: boolean
  /** Clients, by address, that get blobs from the store, which is nearer to them. */
  readonly inside?: ((address: string) => boolean) | undefined
  /** Seconds that it may keep tags of public repositories for. Absent: it keeps no answers. */
  readonly tagAge?: number | undefined
}

/**
 * Is told of each manifest that a client reads, by GET or HEAD: clients send a HEAD alone for an image that they
 * have. Takes no time.
 *
 * @param who the caller, as the audit trail names it
 */
export type PullSeen = (repository: string, digest: string, who: string) => void

/** What the page works on. */
export interface PageDesk {
  /** Its files; undefined where it was not built. */
  readonly files: () => Promise<PageFiles | undefined>
  /** Whether there is no access control, and so nobody who could sign in. */
  readonly open: boolean
  /** Who is signed in. */
  readonly sessions: () => Promise<PageSessions>
  /** How people log in at an issuer; undefined where they do not. */
  readonly people: () => Promise<People | undefined>
}

/** Scheme and host of each origin, or `*` for all, whose requests come without the browser's credentials. */
export type Origins = readonly string[] | '*'

/** What the admin API works on. */
export interface AdminDesk {
  readonly store: ObjectStore
  /** Clock in milliseconds. */
  readonly now: () => number
  /** Hashes a new password where that keeps no other request waiting. */
  readonly hashPassword: (password: string) => Promise<string>
  /** Whether the policy is read from a file, so that the one in the store is not in force. */
  readonly policyInFile: boolean
  /** Seconds that the clean-up waits at each step. */
  readonly grace: number
  /** Where events are recorded. Absent: nowhere. */
  readonly events?: Recorder | undefined
  /** Is told that events wait to be delivered. Takes no time. Default: they are found later. */
  readonly wake?: (() => void) | undefined
}

export interface AppOptions {
  /** Follows each request, for traces; the first middleware after the request has its id. Default: nobody does. */
  readonly follow?: MiddlewareHandler<AppEnv> | undefined
  readonly registry: Registry
  /** Old manifests, and old clients. Absent: they are refused. */
  readonly schema1?: Schema1 | undefined
  /** Registers the routes of the first API. Absent: there is of it only what search needs. */
  readonly v1?: ((app: Hono<AppEnv>, options: AppOptions) => void) | undefined
  /** Looks at images of which the policy requires something. Absent: those that must be signed are not given. */
  readonly guard?: (() => Promise<Guard>) | undefined
  readonly logger: RequestLogger
  /** Whether blob GETs are redirected to the store, if it can presign URLs. */
  readonly redirects: boolean
  /** Clients, by address, that are never redirected. */
  readonly direct?: ((address: string) => boolean) | undefined
  /**
   * Host of the store's presigned URLs, as in `URL.hostname`. Clients that would send it their credentials
   * along are not redirected. Absent: no store is such a one.
   */
  readonly storeHost?: (() => Promise<string | undefined>) | undefined
  /**
   * Whether blob HEADs are redirected, too: for hosts that may change the Content-Length of a response
   * without a body, such as API Gateway.
   */
  readonly redirectHeads: boolean
  /**
   * Whether manifest HEADs are redirected, too: for hosts that drop the length of responses to HEAD.
   * Clients that need the digest, which is missing then, send a GET. An edge adds it.
   */
  readonly redirectManifestHeads?: boolean
  /** Whether requests are to be sent here, for `/readyz`; costs nothing. Default: always. */
  readonly isReady?: (() => boolean) | undefined
  readonly authorizer: Authorizer
  readonly audit: Audit
  /** Adds to the line of each request. Default: nothing. */
  readonly measure?: Measure | undefined
  /** Whether the audit trail has pulls, too. Default: no. */
  readonly auditPulls?: boolean | undefined
  /** Absent: pulls are not recorded. */
  readonly pulled?: PullSeen | undefined
  /** Who tells of each manifest that a client gets. Default: nobody does. */
  readonly pullEvents?: PullEvents | undefined
  /** Scheme and host as clients see them, where requests do not tell. */
  readonly publicUrl?: string | undefined
  /**
   * Scheme and host of another server on the same store and keys, which takes bodies of any size: clients
   * that follow a Location there send the bytes of uploads to it.
   */
  readonly uploadOrigin?: string | undefined
  /** Which repositories come from other registries. Absent: none does. */
  readonly upstreams?: Upstreams | undefined
  /** Lets clients that one host of the registry sends to another get a blob of an upstream there. */
  readonly tickets?: PullTickets | undefined
  /** Set where a CDN is in front. */
  readonly edge?: Edge | undefined
  /** Set where this registry issues tokens itself. */
  readonly issuing?: TokenIssuing
  /** Set where the host does not pass on every body whole. */
  readonly bodyLimit?: BodyLimit | undefined
  /** Other origins whose pages browsers let read responses. Default: none. */
  readonly origins?: Origins | undefined
  /** Whether everything that writes is refused. */
  readonly readOnly: boolean
  /** Days for which deletes can be undone. Default: 0, they cannot. */
  readonly undeleteDays?: number | undefined
  /** Is told that the delete of a whole repository is not done yet. Takes no time. Default: others go on with it. */
  readonly remains?: (() => void) | undefined
  /** Opens the index for search. Absent: names are looked for in the catalog alone. */
  readonly index?: (() => Promise<Current>) | undefined
  /** Looks around in the registry, for the page and its requests. Absent: there are none of those. */
  readonly browse?: (() => Promise<Browser>) | undefined
  /** What the page works on. Absent: there is none. */
  readonly page?: PageDesk | undefined
  /** What the admin API works on. Absent: there is none. */
  readonly admin?: AdminDesk | undefined
}

/** The environment that Hono hands to every handler. */
export interface AppEnv {
  Bindings: {
    /** The client's method, where the host had to replace it; for the log line only. */
    readonly clientMethod?: string
    /**
     * The request's body, where the host can give it at less cost than as a web stream. A chunk may be
     * valid only until the next one is requested.
     */
    readonly body?: () => ByteSource
    /**
     * Takes the response's body, where the host can send a stream at less cost than as a web stream.
     * The response itself then has none.
     */
    readonly sendBody?: (body: Readable) => void
    /** Resolves when the response has been sent, or will not be, where the host can tell. */
    readonly ended?: Promise<Ending>
    /**
     * What came and went for this request, once the response has ended: on its connection, headers included, or
     * the bodies alone, where the host sees no more. Absent: the host cannot tell.
     */
    readonly bytes?: () => Bytes
    /**
     * Bytes of the request's body that nobody wanted and the host had to read all the same, once the
     * response has ended.
     */
    readonly drained?: () => number
    /** Bytes received of the request's body, where that may not be all of it. */
    readonly receivedBytes?: number
    /** Scheme and host as the client sees them, where the request's URL does not say. */
    readonly origin?: string
    /** Address of the client. */
    readonly address?: string
    /** Its port, where no proxy is between. */
    readonly port?: number | undefined
    /** What the client showed in the TLS handshake, or why that is refused. */
    readonly certificate?: ClientCertificate | { readonly refused: string } | undefined
  }
  Variables: RequestIdVariables & {
    /** The error that was thrown, for the log line only. */
    failure?: unknown
    authorizer: Authorizer
    /** Who makes the request, once that is known. */
    caller?: Caller
    audit: Audit
    publicUrl: string | undefined
    /** Whether the request came through the edge. */
    throughEdge?: boolean
    /** Address of the client at the edge. */
    viewer: string | undefined
    /** Whether a page of another origin sent the request, which may. */
    crossOrigin?: true
    /** Whether it is about an image that must be signed. */
    guarded?: true
    /** The upstream that the repository comes from. */
    upstream?: string
    /** Who started the upload that the request continues, for the audit. */
    startedBy?: string
  }
}

export type AppContext = Context<AppEnv>
