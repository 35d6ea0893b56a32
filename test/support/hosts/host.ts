/**
 * What the protocol tests see of a registry, whatever carries requests to it.
 *
 * @module
 */

import type { GatewayHabits } from '../../emulators/gateway/habits.ts'

/** A request, byte for byte as a client writes it. */
export interface Sent {
  readonly method: string
  /** Path and query, unchanged: no `..` is taken out, nothing is encoded. */
  readonly target: string
  /** Several values are several header lines. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>> | undefined
  /** Bytes go with a Content-Length, anything else in chunks of unknown number. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | undefined
}

/** An answer, complete. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
}

/** A registry to test. */
export interface Host {
  readonly name: string
  /** Whether blobs are answered with redirects to the store. */
  readonly redirects: boolean
  /** The habits of the API Gateway that it is reached through, with the gateway's limits. */
  readonly gateway: GatewayHabits | false
  /** Whether a CDN is before the gateway, which sends uploads another way. */
  readonly edge?: boolean
  /** Sends a request; redirects are not followed. */
  send(sent: Sent): Promise<Answer>
}

/** A registry that has been started for tests. */
export interface StartedHost extends Host {
  stop(): Promise<void>
}

/** What a test may want of a registry. */
export interface HostWishes {
  readonly readOnly?: boolean
}
