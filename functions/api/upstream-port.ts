/**
 * The port to other registries, whose images are had from here: see docs/pull-through.md. There is one only where the
 * host can fetch.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import type { First } from '../registry/push-manifest.ts'
import type { Digest, Reference } from '../registry/reference.ts'
import type { Referrer } from '../registry/referrer-entry.ts'
import type { ByteRange } from '../storage/store.ts'

/** A blob on its way, or a range of it. */
export interface ArrivingBlob {
  /** Of the whole in bytes, if it is known. */
  readonly size: number | undefined
  /** First and last byte of the body within the blob, if a range was asked for. */
  readonly span: { readonly start: number; readonly end: number } | undefined
  /** It must be read or destroyed. It fails, and never just ends, where the blob is not whole and right. */
  readonly body: Readable
}

/** What an upstream lists, and what a client should be told of it. */
export interface UpstreamList<T> {
  readonly entries: readonly T[]
  readonly warning?: string
}

/**
 * Where a client gets a blob that is not here.
 *
 * @param method that it comes with
 * @returns a URL that needs no credentials; `here` when the repository has it by now; `nowhere` when the upstream sends it
 *   to those alone that it knows, `streamed` when it is then had by `PulledThrough.blob`
 */
export type Elsewhere = (digest: Digest, method: 'GET' | 'HEAD') => Promise<string>

/** A manifest that is pushed on. */
export interface PushedOn extends First {
  /** Whether the upstream lists it as a referrer of its subject; known once it has the manifest. */
  readonly listed: boolean
  /** Is told that it is here, too. */
  done(digest: Digest): Promise<void>
  /** Is told that nobody waits for it any more, whatever became of it. */
  end(): void
}

/** Pushes to a repository that are pushed on to its upstream. */
export interface PushThrough {
  /** Is told that a blob is here, so that it is sent meanwhile. @param from the repository that it was mounted from */
  blob(digest: Digest, from?: string): void
  /**
   * Begins with a manifest. Failures of the upstream are RequestErrors.
   *
   * @param tags besides the reference
   * @throws RequestError UPSTREAM_AWAY where there is no room for it beside those that wait for the upstream
   */
  manifest(reference: Reference, tags: readonly string[], bytes: Uint8Array): PushedOn
}

/** A repository that comes from an upstream. All throw RegistryError or RequestError. */
export interface PulledThrough {
  /** Its name here. */
  readonly name: string
  /** The host that it comes from. */
  readonly host: string
  /** Whether the request has come through this registry before: then the upstream is not to be asked again. */
  readonly again: boolean
  /** Set where nobody knows whether it comes from an upstream: what clients are told of what is not here. */
  readonly unread?: unknown
  /** What the document calls the upstream. */
  readonly upstream: string
  /** Has a manifest here. @returns its digest, and what a client should be told */
  manifest(reference: Reference): Promise<{ readonly digest: Digest; readonly warning?: string }>
  /** Asks for a manifest, whenever it was asked for last. @returns what it is now, and what it was here */
  readonly refresh: (
    reference: Reference,
  ) => Promise<{ readonly digest: Digest; readonly was: Digest | undefined }>
  /** All tags that the upstream has, in ASCII order. */
  tags(): Promise<UpstreamList<string>>
  /** All that the upstream has of what refers to a manifest. */
  referrers(subject: Digest): Promise<UpstreamList<Referrer>>
  /** Is told that a blob is served from here, by a redirect or not. @param bytes that are sent, if that is known */
  served(bytes: number | undefined): void
  /** Absent where nothing can be pushed: a reason why not, if it is not that nobody has allowed it. */
  readonly pushes?: PushThrough | 'not here' | undefined
  /** Size in bytes of a blob that is not here, if the upstream says so. */
  stat(digest: Digest): Promise<number | undefined>
  /** Absent where all clients get blobs from here, by {@link blob}. */
  readonly elsewhere?: Elsewhere | undefined
  /** Whether {@link blob} has blobs of the upstream at all. */
  readonly streams: boolean
  /** Has a blob here. @returns undefined when the repository has it by now */
  blob(digest: Digest, range: ByteRange | undefined): Promise<ArrivingBlob | undefined>
}

/**
 * What a name leads to: `unknown` if the client wants a host that is none of the upstreams.
 *
 * @param via header of the request
 */
export type FindSource = (
  name: string,
  namespace: string | undefined,
  via: string | undefined,
) => Promise<PulledThrough | 'own' | 'unknown'>

/** The upstreams in force. */
export interface Upstreams {
  /** Undefined while there are none, so that a pull does not even ask. */
  readonly find: FindSource | undefined
}
