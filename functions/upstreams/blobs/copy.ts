/**
 * Copies a blob of an upstream into the store, by the registry's own path for uploads, which verifies it: nothing is linked,
 * or readable under its digest, before it is whole and right. Where the time of a process is limited, another one
 * continues.
 *
 * @module
 */

import type { Digest } from '../../registry/reference.ts'
import type { Registry } from '../../registry/registry.ts'
import type { UploadState } from '../../registry/uploads/state.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { OpenedBlob } from '../client/client.ts'
import type { AskAt } from '../client/hosts-asked.ts'
import type { Route } from '../route.ts'
import type { Claim, HandedClaims } from './claim.ts'
import type { WantedBlob } from './elsewhere.ts'
import { provesPossession } from './possession.ts'
import { resuming } from './resuming.ts'

/** What another process has copied so far, sealed. */
export interface BegunCopy {
  readonly uuid: string
  readonly state: string
}

/** A blob that is to be copied, perhaps from where another process has stopped. */
export interface CopyWanted extends WantedBlob {
  readonly begun?: BegunCopy | undefined
}

export interface CopyOptions {
  readonly registry: Pick<Registry, 'blobs' | 'uploads'>
  readonly store: ObjectStore
  readonly askAt: AskAt
  readonly claims: Pick<HandedClaims, 'accept'>
  /** Ends everything. */
  readonly signal: AbortSignal
  /** Waits for some milliseconds. */
  readonly wait: (milliseconds: number) => Promise<unknown>
  /** Whether another process has to continue. @param longest milliseconds that a piece has taken at most */
  readonly isOver: (longest: number) => boolean
  /** Clock in milliseconds. */
  readonly clock: () => number
  /** See {@link AT_ONCE}. */
  readonly atOnce?: number
  /** See {@link PIECE}. */
  readonly piece?: number
}

/**
 * What has become of it: `taken` where somebody else sees to it, or how another process continues.
 *
 * @throws UpstreamError, RegistryError DIGEST_INVALID, StoreError
 */
export type CopyBlob = (route: Route, wanted: CopyWanted) => Promise<'done' | 'taken' | CopyWanted>

/** Bytes of the largest blob that is stored in one go, under its digest: in 15 minutes even at 0.6 MB/s. */
const AT_ONCE = 512 * 1024 * 1024
/** Bytes of larger ones after which another process may continue. */
const PIECE = 256 * 1024 * 1024

/** So many bytes of what is left; the next call goes on. */
async function* take(
  source: AsyncGenerator<Buffer, undefined>,
  count: number,
  rest: { bytes: Buffer | undefined },
): AsyncGenerator<Buffer, undefined> {
  for (let left = count; left > 0; ) {
    const chunk = rest.bytes ?? (await source.next()).value
    rest.bytes = undefined
    if (chunk === undefined) return undefined
    const now = chunk.subarray(0, left)
    if (now.byteLength < chunk.byteLength) rest.bytes = chunk.subarray(left)
    left -= now.byteLength
    yield now
  }
  return undefined
}

/** Makes what copies. */
export const createCopy = (options: CopyOptions): CopyBlob => {
  const { registry, store, askAt, claims, signal, wait, isOver, clock } = options
  const { atOnce = AT_ONCE, piece = PIECE } = options
  const { uploads } = registry

  /** Another repository may have it: the upstream has to prove that it is in this one, too. */
  const mount = async (route: Route, digest: Digest): Promise<boolean> =>
    (await provesPossession(store, askAt(route).repository, digest)) &&
    registry.blobs.mount(route.local, digest, undefined, { fetched: true })

  const copyPieces = async (
    source: AsyncGenerator<Buffer, undefined>,
    size: number,
    digest: Digest,
    first: UploadState,
  ): Promise<BegunCopy | undefined> => {
    const rest = { bytes: undefined }
    let state = first
    let longest = 0
    while (state.offset < size) {
      if (state !== first && isOver(longest)) {
        return { uuid: state.uuid, state: await uploads.seal(state) }
      }
      const began = clock()
      const length = Math.min(piece, size - state.offset)
      const range = { start: state.offset, end: state.offset + length - 1 }
      const bytes = take(source, length, rest)
      state = await uploads.append(state, { source: bytes, length, range, fetched: true })
      longest = Math.max(longest, clock() - began)
    }
    const none = { source: [], length: 0, range: undefined, fetched: true }
    await uploads.commit(state, digest, none)
    return undefined
  }

  const copyFrom = async (
    opened: OpenedBlob,
    route: Route,
    digest: Digest,
    state: UploadState,
  ): Promise<BegunCopy | undefined> => {
    const { repository } = askAt(route)
    const { size } = opened
    const source = resuming(opened, state.offset, { repository, digest, signal, wait })
    try {
      if (size !== undefined && (size > atOnce || state.offset > 0)) {
        return await copyPieces(source, size, digest, state)
      }
      const whole = { source, length: size, range: undefined, fetched: true }
      await uploads.commit(state, digest, whole)
      return undefined
    } finally {
      await source.return(undefined)
    }
  }

  const copy = async (
    route: Route,
    digest: Digest,
    begun: BegunCopy | undefined,
  ): Promise<BegunCopy | undefined> => {
    if (await mount(route, digest)) return undefined
    const { local } = route
    const state = begun ? await uploads.open(begun.state, local, begun.uuid) : uploads.begin(local)
    const opened = await askAt(route).repository.blob(digest, state.offset)
    return copyFrom(opened, route, digest, state)
  }

  /** A claim whose blob is not to be had stays until it counts as dead, so that not everybody who asks tries again. */
  const withClaim = async <T>(claim: Claim, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      await claim.leave()
      throw error
    }
  }

  return async (route, wanted) => {
    const { digest } = wanted
    const claim = await claims.accept({ digest, origin: route.origin }, wanted.claim)
    if (claim === undefined) return 'taken'
    const begun = await withClaim(claim, () => copy(route, digest, wanted.begun))
    if (begun === undefined) {
      await claim.release()
      return 'done'
    }
    const left = await claim.leave()
    return left === undefined ? 'taken' : { name: wanted.name, digest, claim: left, begun }
  }
}
