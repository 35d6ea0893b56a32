/**
 * Time that passes only when something happens.
 *
 * @module
 */

interface Event {
  readonly at: number
  readonly order: number
  readonly happen: () => void
}

/** Things that are going to happen, in seconds from the beginning. */
export interface Events {
  readonly now: number
  /** Something happens so many seconds from now; what is due at once happens in the order in which it was asked for. */
  after(seconds: number, happen: () => void): void
  /** Lets all of it happen up to a time. */
  runUntil(end: number): void
}

const isBefore = (one: Event, other: Event): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order)

/** An empty queue (a binary heap). */
export const createEvents = (): Events => {
  const heap: Event[] = []
  let [now, order] = [0, 0]

  const push = (event: Event): void => {
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (!isBefore(event, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = event
  }

  const pop = (): void => {
    const last = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1
      if (!isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
  }

  return {
    get now() {
      return now
    },
    after: (seconds, happen) => push({ at: now + seconds, order: order++, happen }),
    runUntil(end) {
      for (let next = heap[0]; next !== undefined && next.at <= end; next = heap[0]) {
        pop()
        now = next.at
        next.happen()
      }
      now = end
    },
  }
}
