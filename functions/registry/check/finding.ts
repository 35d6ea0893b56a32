/**
 * What a check of a store may find wrong.
 *
 * @module
 */

/** Kinds of findings. */
export type FindingKind =
  /** Something under a link's key that is no link. */
  | 'damaged-link'
  /** A link, but not the data that it leads to. */
  | 'link-without-data'
  /** A link to data of another size than it records. */
  | 'link-to-wrong-size'
  /** A link to bytes that do not have their digest. */
  | 'link-to-wrong-data'
  /** A tag that leads to no manifest of its repository. */
  | 'tag-without-manifest'
  /** A manifest that needs what its repository does not have. */
  | 'incomplete-manifest'
  /** A repository with manifests that the catalog does not list. */
  | 'missing-catalog-mark'
  /** A repository in the catalog that has nothing. */
  | 'stale-catalog-mark'
  /** A manifest that is not in the list of its subject's referrers. */
  | 'missing-referrer'
  /** A referrer in a list, but no such manifest. */
  | 'stale-referrer'
  /** Something under a referrer's key that does not describe it. */
  | 'damaged-referrer'
  /** Something under a marker's key that is no marker of the clean-up. */
  | 'damaged-marker'
  /** A marker of data whose delete was announced, and that nobody ends. */
  | 'expired-claim'
  /** A marker of data that was deleted, which no clean-up has taken away. */
  | 'old-marker'
  /** Something that runs of the clean-up, or records of pulls, go by, and that says nothing known. */
  | 'damaged-state'
  /** Something under the key of a record, of a delete or a pull, that is none. */
  | 'damaged-record'
  /** A manifest that was deleted, and no record of it. */
  | 'missing-record'
  /** A record of a delete that nobody can undo any more. */
  | 'stale-record'
  /** Bytes that do not have the digest that they are under. */
  | 'wrong-data'
  /** Bytes of an upload that can no longer be continued. */
  | 'orphaned-upload'
  /** A file that a process which died has left. */
  | 'leftover'

/** Something that is wrong. */
export interface Finding {
  readonly kind: FindingKind
  /** The object that it is about. */
  readonly key: string
  /** What is wrong, in a sentence without a full stop. */
  readonly text: string
  readonly repository?: string | undefined
  /** Of the content that is missing or wrong. */
  readonly digest?: string | undefined
}

/** A finding, and what mends it. */
export interface Found extends Finding {
  /**
   * Mends it, if that can be done.
   *
   * @returns what was done, in a clause such as `removed it`; undefined when it has changed meanwhile; false when
   *   it is found that it cannot be mended
   */
  readonly mend?: (() => Promise<string | false | undefined>) | undefined
}

/** Looks at one object. @returns undefined when nothing is wrong with it */
export type Inspect = () => Promise<Found | undefined>
