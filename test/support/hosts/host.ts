/**
 * What the protocol tests see of a registry, whatever carries requests to it.
 *
 * @module
 */

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
  /** Whether it is reached through API Gateway, with the gateway's limits. */
  readonly gateway: boolean
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
