/**
 * Counts the bytes of repositories while the clean-up walks the pool: numbers alone, 32 bytes a repository.
 *
 * @module
 */

/** A link that stays. */
export const KEPT = 0
/** A link that is condemned or deleted, and whose time is not over. */
export const WAITING = 1
/** A link that a run takes: it condemns it, or takes it away. */
export const GOING = 2

/** How a link stands. Where a repository links the same data twice, the smaller number counts. */
export type Use = typeof KEPT | typeof WAITING | typeof GOING

/**
 * A link of a repository: its number, how the link stands, and whether quotas count what it leads to, in one number
 * of 32 bits.
 */
export type NumberedLink = number

/**
 * @param repository below 2^29
 * @param counts whether quotas count it
 */
export const numberedLink = (repository: number, use: Use, counts = true): NumberedLink =>
  repository * 8 + use * 2 + (counts ? 0 : 1)

/** The number of the repository that has a link. */
export const repositoryIn = (link: NumberedLink): number => Math.floor(link / 8)

const useIn = (link: NumberedLink): Use => (Math.floor(link / 2) % 4) as Use

/** Whether quotas count what a link leads to. */
export const isCounted = (link: NumberedLink): boolean => link % 2 === 0

/** Two links of a repository to the same data, as one. @param first the smaller one */
export const asOne = (first: NumberedLink, second: NumberedLink): NumberedLink =>
  isCounted(second) && !isCounted(first) ? first - 1 : first

/** Bytes of content that a repository links, each blob and manifest once. */
export interface RepositoryBytes {
  /** That only this repository links. */
  readonly own: number
  /** That other repositories link, too. */
  readonly shared: number
  /** Of both: whose link here is condemned or deleted, and waits for its time to be over. */
  readonly condemned: number
  /** Of both: whose link here a run takes. */
  readonly reclaimable: number
}

/** Bytes of the whole pool, each once: their sum is what is stored. */
export interface PoolBytes {
  /** That some repository keeps, and those too young to be judged. */
  kept: number
  /** That nobody keeps, and that wait for their time to be over. */
  condemned: number
  /** That nobody keeps, and that a run takes, or all links to which it takes. */
  reclaimable: number
}

const OWN = 0
const SHARED = 1
const COLUMNS = 4
/** Columns by use. */
const COLUMN: Readonly<Record<Exclude<Use, typeof KEPT>, number>> = { [WAITING]: 2, [GOING]: 3 }

/** What was counted. */
export interface Tally {
  readonly pool: PoolBytes
  /**
   * Counts data.
   *
   * @param links of all repositories that link it, one each
   * @param unlinked how it stands by itself, for what nobody links
   */
  add(size: number, links: readonly NumberedLink[], unlinked: Use): void
  /** Of a repository, by its number. */
  of(repository: number): RepositoryBytes
  /** All of it, to open it again. */
  bytes(): Buffer
}

/** What nobody keeps goes when all links to it go. */
const least = (links: readonly NumberedLink[]): Use =>
  links.reduce<Use>((use, link) => Math.min(use, useIn(link)) as Use, GOING)

/** Numbers of 8 bytes before those of the repositories. */
const POOL = 3

/** Opens a tally. @param from what an earlier one gave as its bytes */
export const openTally = (from?: Buffer): Tally => {
  let values = new Float64Array(from === undefined ? POOL : from.byteLength / 8)
  if (from !== undefined) new Uint8Array(values.buffer).set(from)
  let end = values.length
  const [kept = 0, condemned = 0, reclaimable = 0] = values
  const pool = { kept, condemned, reclaimable }
  const startOf = (repository: number): number => POOL + repository * COLUMNS
  const increase = (repository: number, column: number, size: number): void => {
    const at = startOf(repository) + column
    end = Math.max(end, startOf(repository + 1))
    if (end > values.length) {
      const grown = new Float64Array(Math.max(1024, end, values.length * 2))
      grown.set(values)
      values = grown
    }
    values[at] = values[at]! + size
  }
  return {
    pool,
    add(size, links, unlinked) {
      for (const link of links) {
        increase(repositoryIn(link), links.length === 1 ? OWN : SHARED, size)
        const use = useIn(link)
        if (use !== KEPT) increase(repositoryIn(link), COLUMN[use], size)
      }
      const use = links.length === 0 ? unlinked : least(links)
      pool[use === KEPT ? 'kept' : use === WAITING ? 'condemned' : 'reclaimable'] += size
    },
    of(repository) {
      const start = startOf(repository)
      const [own = 0, shared = 0, condemned = 0, reclaimable = 0] = values.subarray(
        start,
        start + COLUMNS,
      )
      return { own, shared, condemned, reclaimable }
    },
    bytes() {
      values.set([pool.kept, pool.condemned, pool.reclaimable])
      return Buffer.from(values.buffer, 0, end * 8)
    },
  }
}
