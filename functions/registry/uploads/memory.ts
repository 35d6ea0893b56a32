/**
 * Memory for the bytes of uploads on their way to the store: one bound for all uploads of a process.
 *
 * Whoever needs more than is free waits for its turn, and reads no further meanwhile. So that nobody
 * waits for a client that has gone silent, uploads that stand still give up what they have: they stage
 * it in the store. Those that send are served in the order in which they ask.
 *
 * @module
 */

import { release as free } from '../../storage/bytes.ts'
import { nextVictim, type Tenant, type Tenure } from './victim.ts'

/** Milliseconds after which it is looked again for an upload that stands still. */
const LOOK_AGAIN = 50

/** An upload's share of the memory. */
export interface Share {
  /**
   * A buffer with undefined contents. Waits until there is room for it; meanwhile the upload may have to
   * give up the buffer that it fills.
   */
  take(size: number): Promise<Buffer>
  /** The same, if so much is free that nobody else needs it. */
  tryTake(size: number): Buffer | undefined
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
  readonly resolve: (buffer: Buffer) => void
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

  const allocate = (tenure: Tenure, size: number): Buffer => {
    const kept = size === partSize ? idle.pop() : undefined
    used += size
    tenure.held += size
    if (kept !== undefined) return kept
    while (idle.length > 0 && used + idle.length * partSize > limit) free(idle.pop() as Buffer)
    return Buffer.allocUnsafeSlow(size)
  }

  const grant = (): void => {
    for (let head = waiters[0]; head !== undefined && fits(head.size); head = waiters[0]) {
      waiters.shift()
      head.tenure.waiting -= 1
      head.resolve(allocate(head.tenure, head.size))
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

  const release = (tenure: Tenure, buffer: Buffer, inUse: boolean): void => {
    const size = buffer.byteLength
    used -= size
    tenure.held -= size
    if (!inUse) {
      if (size === partSize && used + (idle.length + 1) * partSize <= limit / 2) idle.push(buffer)
      else free(buffer)
    }
    grant()
  }

  return {
    get used() {
      return used
    },
    join(tenant) {
      const tenure: Tenure = { tenant, held: 0, waiting: 0, leaving: 0 }
      tenures.add(tenure)
      return {
        take(size) {
          if (waiters.length === 0 && fits(size)) return Promise.resolve(allocate(tenure, size))
          return new Promise((resolve) => {
            tenure.waiting += 1
            waiters.push({ tenure, size, resolve })
            relieve()
          })
        },
        tryTake: (size) =>
          waiters.length === 0 && used + size <= limit / 2 ? allocate(tenure, size) : undefined,
        release: (buffer, inUse = false) => release(tenure, buffer, inUse),
        leave: () => void tenures.delete(tenure),
      }
    },
  }
}
