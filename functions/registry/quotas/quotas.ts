/**
 * Quotas: how many bytes the manifests of some repositories may link. A repository counts in the first quota that
 * matches it, and all that a quota matches share it.
 *
 * @module
 */

/** A quota. */
export interface Quota {
  /**
   * Where its count is. It says which repositories it is for: so other limits go on with the same count, and other
   * patterns, also of a quota before it, begin a new one.
   */
  readonly id: string
  /** Its patterns, for people. */
  readonly title: string
  /** Bytes that are never passed. */
  readonly hard: number | undefined
  /** Bytes that are reported once they are passed. */
  readonly soft: number | undefined
}

/** All quotas of a store. */
export interface Quotas {
  readonly all: readonly Quota[]
  /** That of a repository. */
  of(repository: string): Quota | undefined
  /** Changes with what counts where. Empty: nothing does. */
  readonly id: string
}

/** A soft limit that is about to be passed, and was told of. */
export interface Passing {
  /** Takes that back: others have changed the count meanwhile. */
  withdraw(): Promise<void>
  /** Says that it was passed. Takes no time. */
  done(): void
}

/**
 * Is told before a soft limit is passed, with the bytes then, and the repository that passes it.
 *
 * @throws StoreError: then it is not passed
 */
export type SoftLimit = (quota: Quota, bytes: number, repository: string) => Promise<Passing>

/** No quota is set. */
export const NO_QUOTAS: Quotas = { all: [], of: () => undefined, id: '' }
