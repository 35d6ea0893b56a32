/**
 * What is in front of a server, which decides whom requests come from and how connections behave.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'

export interface Origin {
  /** Scheme and host as the client sees them. */
  readonly origin: string
  /** Address of the client. */
  readonly address: string
  /** Port of the client, where it is connected itself. */
  readonly port?: number | undefined
}

/** What a server has to know of what is in front of it. */
export interface Front {
  /** Whom a request comes from, and which address the client used. */
  originOf(incoming: IncomingMessage): Origin
  /** The id that it has given a request. Absent: clients may give one, or the app makes one. */
  requestId?(incoming: IncomingMessage): string | undefined
  /** Whether it takes no byte of a response before it has passed on the whole body of the request. */
  readonly halfDuplex: boolean
}
