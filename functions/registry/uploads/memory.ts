/**
 * Memory for the bytes of uploads on their way to the store: one bound for all uploads of a process.
 *
 * Whoever needs more than is free waits for its turn, and reads no further meanwhile. So that nobody
 * waits for a client that has gone silent, uploads that stand still give up what they have: they stage
 * it in the store. Those that send are served in the order in which they ask.
 *
 * @module
 */

import { canExtend, createSlab, extendSlab, freeSlab, SMALL } from './slabs.ts'
import { nextVictim, type Tenant, type Tenure } from './victim.ts'

/** Milliseconds after which it is looked again for an upload that stands still. */
const LOOK_AGAIN = 50

/** An upload's share of the memory. */
export interface Share {
  /**
   * A buffer with undefined contents, of as many bytes or more. Waits until there is room for it;
   * meanwhile the upload may have to give up the buffer that it fills.
   *
   * @param exact whether it may not be larger: many buffers of their own size are wanted
   */
  take(size: number, exact?: boolean): Promise<Buffer>
  /**
   * Extends the buffer that the upload fills. Waits as `take` does.
   *
   * @param own gives that buffer, or undefined if it was given up meanwhile
   * @param replace takes the one that replaces it, at once: it may have to be given up next
   */
  extend(
    size: number,
    own: () => Buffer | undefined,
    replace: (buffer: Buffer) => void,
  ): Promise<void>
  /** The same, if so much is free that nobody else needs it. */
  tryTake(size: number, exact?: boolean): Buffer | undefined
  /**
   * Returns a buffer.
   *
   * @param inUse whether somebody may still read it, as a request that has failed but not yet ended: then
   *   it is left to the garbage collector
   */
  release(buffer: Buffer, inUse?: boolean): void
  /** Ends the share; its buffers have been released. */
  leave(): void
}

export interface UploadMemory {
  /** Takes part in the memory. */
  join(tenant: Tenant): Share
  /** Bytes in use. */
  readonly used: number
}

export interface UploadMemoryOptions {
  /** The most bytes in use at once. A single buffer may be larger if no other is in use. */
  readonly limit: number
  /** Bytes of the buffers that are kept for the next part: to allocate megabytes costs time. */
  readonly partSize: number
  /** Clock in milliseconds. */
  readonly now?: () => number
}

interface Waiter {
  readonly tenure: Tenure
  readonly size: number
  readonly resolve: () => void
}

/** The memory of a process for its uploads. */
export const createUploadMemory = ({
  limit,
  partSize,
  now = performance.now.bind(performance),
}: UploadMemoryOptions): UploadMemory => {
  const tenures = new Set<Tenure>()
  const waiters: Waiter[] = []
  const idle: Buffer[] = []
  let used = 0
  let timer: NodeJS.Timeout | undefined

  const fits = (size: number): boolean => used === 0 || used + size <= limit

  const count = (tenure: Tenure, bytes: number): void => {
    used += bytes
    tenure.held += bytes
    while (idle.length > 0 && used + idle.length * partSize > limit) freeSlab(idle.pop() as Buffer)
  }

  /** A buffer for bytes that are counted. While there is plenty of room, it may be a larger one. */
  const allocate = (tenure: Tenure, size: number, exact: boolean): Buffer => {
    if (exact) return createSlab(size, size)
    const larger = size >= SMALL && used - size + partSize <= limit / 2
    const kept = size === partSize || (size < partSize && larger) ? idle.pop() : undefined
    if (kept === undefined) return createSlab(size, partSize)
    count(tenure, partSize - size)
    return kept
  }

  const grant = (): void => {
    for (let head = waiters[0]; head !== undefined && fits(head.size); head = waiters[0]) {
      waiters.shift()
      head.tenure.waiting -= 1
      count(head.tenure, head.size)
      head.resolve()
    }
    relieve()
  }

  /** Has uploads give up as much as the one that waits first needs. */
  const relieve = (): void => {
    const [head] = waiters
    clearTimeout(timer)
    if (head === undefined) return
    const leaving = [...tenures].reduce((sum, { leaving }) => sum + leaving, 0)
    for (let missing = used + head.size - limit - leaving; missing > 0; ) {
      const victim = nextVictim(tenures, head.tenure, used, now())
      if (victim === undefined) break
      const bytes = victim.tenant.spare
      missing -= bytes
      victim.leaving += bytes
      void victim.tenant.giveUp().then(() => {
        victim.leaving -= bytes
        grant()
      })
    }
    timer = setTimeout(relieve, LOOK_AGAIN).unref()
  }

  /** Waits until there is room for so many bytes, and counts them. */
  const reserve = async (tenure: Tenure, size: number): Promise<void> => {
    if (waiters.length === 0 && fits(size)) return count(tenure, size)
    await new Promise<void>((resolve) => {
      tenure.waiting += 1
      waiters.push({ tenure, size, resolve })
      relieve()
    })
  }

  const uncount = (tenure: Tenure, bytes: number): void => {
    used -= bytes
    tenure.held -= bytes
    grant()
  }

  const release = (tenure: Tenure, buffer: Buffer, inUse: boolean): void => {
    const size = buffer.byteLength
    if (!inUse) {
      const plenty = used - size + (idle.length + 1) * partSize <= limit / 2
      if (plenty && size === partSize) idle.push(buffer)
      else if (plenty && canExtend(buffer, partSize)) idle.push(extendSlab(buffer, partSize))
      else freeSlab(buffer)
    }
    uncount(tenure, size)
  }

  return {
    get used() {
      return used
    },
    join(tenant) {
      const tenure: Tenure = { tenant, held: 0, waiting: 0, leaving: 0 }
      tenures.add(tenure)
      return {
        async take(size, exact = false) {
          await reserve(tenure, size)
          return allocate(tenure, size, exact)
        },
        async extend(size, own, replace) {
          const more = size - (own()?.byteLength ?? 0)
          await reserve(tenure, more)
          const buffer = own()
          if (buffer === undefined) uncount(tenure, more)
          else replace(extendSlab(buffer, size))
        },
        tryTake(size, exact = false) {
          if (waiters.length > 0 || used + size > limit / 2) return undefined
          count(tenure, size)
          return allocate(tenure, size, exact)
        },
        release: (buffer, inUse = false) => release(tenure, buffer, inUse),
        leave: () => void tenures.delete(tenure),
      }
    },
  }
}
