/**
 * Which upload has to give up its memory when another needs it.
 *
 * @module
 */

/** An upload as the memory sees it. */
export interface Tenant {
  /** Bytes that it could give up at once: of the buffer that it fills, while it does not work on it. */
  readonly spare: number
  /** When its client last sent bytes; on the clock of the memory. */
  readonly lastCame: number
  /** When it began to fill its buffer, and how many bytes came since. */
  readonly since: number
  readonly filled: number
  /** Stages what it has and releases the buffer. Never throws. */
  giveUp(): Promise<void>
}

/** What the memory knows of an upload. */
export interface Tenure {
  readonly tenant: Tenant
  /** Bytes of its buffers, those on their way to the store among them. */
  held: number
  /** How many times it waits for a buffer. */
  waiting: number
  /** Bytes that it is giving up. */
  leaving: number
}

/** Milliseconds without a byte after which an upload stands still. */
const PAUSE = 100
/** The same, so long that it does not matter how little it has. */
const STILL = 1000
/** Bytes a second below which an upload counts as standing still if it has had its buffer for a second. */
const SLOW = 256 * 1024
/** Milliseconds after which an upload has had its buffer for long enough when others wait. */
const LONG = 5000

/** How dispensable an upload's memory is, 0 for the most; undefined if it may keep it. */
const rankOf = ({ tenant, waiting }: Tenure, now: number): number | undefined => {
  // It is not its client that is waited for.
  if (waiting > 0) return undefined
  const pause = now - tenant.lastCame
  if (pause >= STILL) return 0
  const held = now - tenant.since
  const slow = held >= STILL && (tenant.filled * 1000) / held < SLOW
  if (pause >= PAUSE || slow) return 1
  return held >= LONG ? 2 : undefined
}

/**
 * The upload whose memory is the most dispensable: one that stands still, for a second before for a
 * moment, and with the largest buffer, so that few have to. Where all memory is in the hands of those
 * who wait for more, the last of them gives up its own: otherwise all would wait for ever.
 *
 * @param tenures in the order in which they joined
 * @param first who waits first
 * @param used bytes in use in all
 */
export const nextVictim = (
  tenures: Iterable<Tenure>,
  first: Tenure,
  used: number,
  now: number,
): Tenure | undefined => {
  let best: { readonly tenure: Tenure; readonly rank: number } | undefined
  let stuck = 0
  let last: Tenure | undefined
  for (const tenure of tenures) {
    const { spare } = tenure.tenant
    if (tenure.waiting > 0) {
      // All that it holds is in the buffer it fills: nothing of it comes free by itself.
      if (tenure.held === spare) stuck += spare
      if (spare > 0 && tenure !== first) last = tenure
    }
    const rank = spare > 0 ? rankOf(tenure, now) : undefined
    if (rank === undefined) continue
    const better =
      best === undefined ||
      rank < best.rank ||
      (rank === best.rank && spare > best.tenure.tenant.spare)
    if (better) best = { tenure, rank }
  }
  if (best !== undefined) return best.tenure
  if (stuck < used) return undefined
  return last ?? (first.tenant.spare > 0 ? first : undefined)
}
