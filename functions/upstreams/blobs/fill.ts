/**
 * Fetches blobs: each once, for all who want it, who read what has arrived while it is stored.
 *
 * A fetch goes on whether anybody reads or not. It is stored by the registry's own path for uploads, which verifies it once
 * more: nothing is linked, or readable under its digest, before it is whole and right.
 *
 * @module
 */

import type { Digest } from '../../registry/reference.ts'
import type { Registry } from '../../registry/registry.ts'
import { StoreError } from '../../storage/errors.ts'
import type { ByteRange, ObjectStore } from '../../storage/store.ts'
import type { OpenedBlob, Span } from '../client/client.ts'
import { UpstreamError } from '../client/failure.ts'
import type { AskAt } from '../client/hosts-asked.ts'
import { askedAs, isPassedOn } from '../client/via.ts'
import { createFailures } from '../manifests/failures.ts'
import type { Route } from '../route.ts'
import type { UpstreamWatch } from '../watch.ts'
import type { Claim, TakeClaim } from './claim.ts'
import type { WantedBlob } from './elsewhere.ts'
import { provesPossession } from './possession.ts'
import { pump } from './pump.ts'
import { openSpool, type Spool } from './spool.ts'

export interface FillOptions {
  readonly registry: Pick<Registry, 'blobs' | 'uploads'>
  readonly store: ObjectStore
  readonly askAt: AskAt
  readonly takeClaim: TakeClaim
  /** Where blobs are while they arrive. */
  readonly directory: string
  /** Says that all fetches are to end. */
  readonly signal: AbortSignal
  /** Is given the work of each fetch, which never rejects. */
  readonly behind: (work: Promise<unknown>) => void
  /** Is told of a blob that clients have got and the store has not. */
  readonly report: (route: Route, digest: Digest, error: unknown) => void
  /** Clock in milliseconds since 1970. */
  readonly now: () => number
  /** Waits for some milliseconds. */
  readonly wait: (milliseconds: number) => Promise<unknown>
  /** Who counts. Default: nobody does. */
  readonly watch?: Pick<UpstreamWatch, 'fetching'> | undefined
  /** What there is room for. Default: anything. */
  readonly room?: Room | undefined
  /** Most fetches at a time, those included that wait for a connection, or for another server. */
  readonly most?: number
}

/** See {@link FillOptions.most}. */
const MOST = 1_000
/** Milliseconds after which it is worth trying again where there are so many. */
const RETRY_AFTER = 5_000

/** For hosts that have room for a few bytes alone. */
export interface Room {
  /** Most bytes of a blob. */
  readonly blob: number
  /** Most bytes of all that arrive at a time. */
  readonly all: number
  /** Has a blob copied that there is no room for, and does not wait for that. */
  readonly start: (wanted: WantedBlob) => Promise<void>
}

/** There was no room for a blob: it is being copied by somebody else. */
export class CopiedElsewhere extends Error {
  override readonly name = 'CopiedElsewhere'
}

/** A blob on its way, or a range of it; the reader must read the body to its end, or return it. */
export interface Arriving {
  /** Of the whole in bytes, if it is known. */
  readonly size: number | undefined
  /** First and last byte of the body within the blob, if a range was asked for. */
  readonly span: Span | undefined
  readonly body: AsyncGenerator<Buffer, undefined>
  /** Whether it is fetched for another reader, too, who was there before. */
  readonly shared: boolean
}

/**
 * Has a blob of an upstream here.
 *
 * @returns the blob as it arrives; undefined when the repository has it
 * @throws UpstreamError, StoreError
 */
export type FillBlob = (
  route: Route,
  digest: Digest,
  range?: ByteRange,
) => Promise<Arriving | undefined>

/** A fetch: its spool, once there is one, and its end. */
interface Fetch {
  readonly local: string
  readonly spool: Promise<Spool | undefined>
  /** Ends when the blob is stored, or is not to be had: whether the upstream has shown it. Never rejects. */
  readonly done: Promise<boolean>
}

const keyOf = (route: Route, digest: Digest): string => `${askedAs(route)}@${digest}`

/** What one fetch can serve: what another upstream gives says nothing of what this one has. */
const fetchOf = ({ origin }: Route, digest: Digest): string => `${origin} ${digest}`

const tooMany = ({ host }: Route): UpstreamError =>
  new UpstreamError('full', `${host}: too many blobs are fetched at a time`, {
    retryAfter: RETRY_AFTER,
  })

/** First and last byte of a range. @throws StoreError `range` when there is nothing of it in the blob */
const spanOf = (range: ByteRange, size: number): Span => {
  const start = 'suffix' in range ? Math.max(size - range.suffix, 0) : range.start
  const end = 'suffix' in range ? size - 1 : Math.min(range.end ?? size - 1, size - 1)
  if (start > end) throw new StoreError('range', `nothing of the range is in ${size} bytes`)
  return { start, end }
}

/** Makes what fills. */
export const createFills = (options: FillOptions): FillBlob => {
  const { registry, store, askAt, takeClaim, directory, signal, behind, report } = options
  const { now, wait, watch, room, most = MOST } = options
  const failures = createFailures(now)
  const underWay = new Map<string, Fetch>()
  let onTheWay = 0

  const link = ({ local }: Route, digest: Digest): Promise<boolean> =>
    registry.blobs.mount(local, digest, undefined, { fetched: true })

  /** Another repository may have it: the upstream has to prove that it is in this one, too. */
  const mount = async (route: Route, digest: Digest): Promise<boolean> =>
    (await provesPossession(store, askAt(route).repository, digest)) && link(route, digest)

  const save = async ({ local }: Route, digest: Digest, spool: Spool): Promise<void> => {
    const source = spool.read()!
    const incoming = { source, length: spool.size, range: undefined, fetched: true }
    try {
      await registry.uploads.commit(registry.uploads.begin(local), digest, incoming)
    } finally {
      await source.return(undefined)
    }
  }

  /** Brings a blob into a spool and, as it arrives, into the store. */
  const bring = async (
    route: Route,
    digest: Digest,
    opened: OpenedBlob,
    spool: Spool,
  ): Promise<void> => {
    const saving = save(route, digest, spool)
    // Awaited below, whatever becomes of it meanwhile.
    saving.catch(() => {})
    try {
      const { repository } = askAt(route)
      await pump(opened, spool, { repository, digest, signal, wait })
      spool.verified()
      // Clients have got it: what it lacks is only kept.
      await saving.catch((error: unknown) => report(route, digest, error))
    } catch (error) {
      // Before anybody can come and fetch it again.
      failures.add(keyOf(route, digest), error as Error)
      spool.fail(error as Error)
      await saving.catch(() => {})
      throw error
    } finally {
      // Who comes now looks in the store.
      underWay.delete(fetchOf(route, digest))
      await spool.close()
    }
  }

  const fits = (size: number | undefined): boolean =>
    room === undefined || (size !== undefined && size <= room.blob && onTheWay + size <= room.all)

  const handOn = async (name: string, digest: Digest, held: Claim): Promise<void> => {
    const claim = await held.leave()
    if (claim !== undefined) await room?.start({ name, digest, claim })
    throw new CopiedElsewhere(`there is no room here for ${digest}`)
  }

  const open = async (
    route: Route,
    digest: Digest,
    claim: Claim,
    slot: (() => void) | undefined,
  ): Promise<[OpenedBlob, Spool]> => {
    const blob = await askAt(route).repository.blob(digest, 0, slot)
    const taken = fits(blob.size) ? (blob.size ?? 0) : undefined
    // Before anybody else looks what fits.
    onTheWay += taken ?? 0
    try {
      if (taken === undefined) await handOn(route.local, digest, claim)
      return [blob, await openSpool(directory, blob.size)]
    } catch (error) {
      onTheWay -= taken ?? 0
      blob.drop()
      throw error
    }
  }

  /** Fetches what nobody else fetches. @param enter waits for a slot; the one that it gave last is for the request */
  const claimed = async (
    route: Route,
    digest: Digest,
    opened: (spool: Spool | undefined) => void,
    enter: () => Promise<() => void>,
  ): Promise<boolean> => {
    let waited = false
    let slot: (() => void) | undefined
    const isHere = async (): Promise<boolean> => {
      waited = true
      return (await registry.blobs.stat(route.local, digest)) !== undefined
    }
    const claim = await takeClaim({ digest, origin: route.origin }, isHere, async () => {
      slot = await enter()
      return slot
    })
    if (claim === undefined) {
      opened(undefined)
      return false
    }
    try {
      if (waited) {
        // Whoever has one and waits for another might wait for itself.
        slot?.()
        slot = undefined
        // It may have been stored meanwhile for another repository.
        if (await mount(route, digest)) {
          await claim.release()
          opened(undefined)
          return true
        }
      }
      const [blob, spool] = await open(route, digest, claim, slot)
      opened(spool)
      try {
        await bring(route, digest, blob, spool)
      } finally {
        onTheWay -= spool.size ?? 0
      }
    } catch (error) {
      // Whoever copies it holds the claim by now.
      if (error instanceof CopiedElsewhere) await claim.leave()
      else await claim.release()
      throw error
    }
    await claim.release()
    return true
  }

  /**
   * Fetches, and stores meanwhile.
   *
   * @param opened is given the spool once there is one
   * @returns whether the upstream has shown that it has the blob
   */
  const fetch = async (
    route: Route,
    digest: Digest,
    opened: (spool: Spool | undefined) => void,
  ): Promise<boolean> => {
    if (await mount(route, digest)) {
      opened(undefined)
      return true
    }
    let slot: (() => void) | undefined
    try {
      return await claimed(route, digest, opened, async () => {
        slot = await askAt(route).takeSlot()
        return slot
      })
    } finally {
      // The request has given it back at its end, if there was one.
      slot?.()
    }
  }

  const begin = (route: Route, digest: Digest): Fetch => {
    const key = keyOf(route, digest)
    const fetched = fetchOf(route, digest)
    const spool = Promise.withResolvers<Spool | undefined>()
    spool.promise.catch(() => {})
    const done = fetch(route, digest, spool.resolve)
      .then(
        (shown) => {
          failures.delete(key)
          return shown
        },
        (error: Error) => {
          failures.add(key, error)
          // Once there is a spool, that tells.
          spool.reject(error)
          return false
        },
      )
      .finally(() => {
        if (underWay.get(fetched) === begun) underWay.delete(fetched)
      })
    const begun: Fetch = { local: route.local, spool: spool.promise, done }
    underWay.set(fetched, begun)
    behind(done)
    watch?.fetching(1)
    void done.finally(() => watch?.fetching(-1))
    return begun
  }

  const readerOf = (spool: Spool, shared: boolean, span?: Span): Arriving | undefined => {
    const body = spool.read(span)
    return body && { size: spool.size, span, body, shared }
  }

  const joined = async (
    route: Route,
    digest: Digest,
    { spool: opening, done }: Fetch,
    range: ByteRange | undefined,
    shared: boolean,
  ): Promise<Arriving | undefined> => {
    const spool = await opening
    if (spool === undefined) return undefined
    if (range === undefined) return readerOf(spool, shared)
    if (spool.size !== undefined) return readerOf(spool, shared, spanOf(range, spool.size))
    // Which bytes are wanted is known when all are there.
    if (await done) return undefined
    const failed = failures.get(keyOf(route, digest))
    if (failed !== undefined) throw failed
    return undefined
  }

  /** Whether the upstream has it: fails where it has not. */
  const look = async (route: Route, digest: Digest): Promise<void> => {
    try {
      await askAt(route).repository.stat(digest)
    } catch (error) {
      failures.add(keyOf(route, digest), error as Error)
      throw error
    }
  }

  return async (route, digest, range) => {
    const failed = failures.get(keyOf(route, digest))
    if (failed !== undefined) throw failed
    // An upstream that has it does not wait for this registry.
    if (isPassedOn(route.via)) await look(route, digest)
    const fetched = fetchOf(route, digest)
    const running = underWay.get(fetched)
    if (running !== undefined && running.local !== route.local) {
      // The same upstream gives it for another repository: it has to say that it is in this one, too.
      await askAt(route).repository.stat(digest)
      if ((await running.done) && (await link(route, digest))) return undefined
    }
    const there = underWay.get(fetched)
    if (there === undefined && underWay.size >= most) throw tooMany(route)
    return joined(route, digest, there ?? begin(route, digest), range, there !== undefined)
  }
}
