/**
 * What a clean-up does, thing by thing, for those who read what it will do and what it has done.
 *
 * @module
 */

/** What is done to a thing. */
export type Step =
  /** A blob's link that no manifest needs: it goes after the grace unless somebody needs it. */
  | 'condemn-link'
  /** A condemned link that a manifest needs now. */
  | 'keep-link'
  /** A condemned link that nobody needed for the grace. */
  | 'remove-link'
  /** A manifest that a rule lets go. */
  | 'condemn-manifest'
  /** A condemned or deleted manifest that something needs now. */
  | 'keep-manifest'
  /** A condemned manifest, which can be undeleted for a while. */
  | 'delete-manifest'
  /** A deleted manifest that can no longer be undeleted. */
  | 'remove-manifest'
  /** A tag that a run which died has condemned, and that stays. */
  | 'keep-tag'
  /** A tag that a rule lets go. */
  | 'remove-tag'
  /** Bytes that no repository links. */
  | 'condemn-data'
  /** Condemned bytes that a repository links now, or a marker that has served its purpose. */
  | 'clear-marker'
  /** Bytes that no repository has linked for the grace. */
  | 'remove-data'
  /** A delete of bytes that another run has announced and not ended. */
  | 'give-up-claim'
  /** Staged bytes of an upload that can no longer go on. */
  | 'remove-upload'
  | 'abort-upload'
  /** Another digest of bytes that are gone. */
  | 'remove-alias'
  /** The place of a manifest that is gone in the list of its subject. */
  | 'condemn-referrer'
  | 'remove-referrer'
  /** The catalog's mark of a repository in which nothing is. */
  | 'condemn-mark'
  | 'remove-mark'
  /** The record of a delete that can no longer be undone. */
  | 'remove-note'
  /** The record of the pulls of a manifest that is gone. */
  | 'remove-pull'
  /** The signatures of a manifest of schema 1 that is gone. */
  | 'remove-signatures'
  /** What the first API knows of a manifest. */
  | 'remove-v1'
  /** What is known of a tag that was fetched from an upstream, and is gone. */
  | 'remove-fetched'
  /** The claim of a process that has died while it fetched. */
  | 'remove-fetching'

/** One thing of a run. */
export interface Thing {
  readonly step: Step
  /** The object that is written or deleted. */
  readonly key: string
  readonly repository?: string | undefined
  readonly digest?: string | undefined
  readonly tag?: string | undefined
  /**
   * Bytes of the content that it is about, where they are known. Of a tag or manifest that goes by a rule: those
   * of the manifest, and of what no other manifest of the repository needs.
   */
  readonly size?: number | undefined
  /** Why, in a clause. */
  readonly why: string
  /** The rule that decided, where one did. */
  readonly rule?: string | undefined
}

/** Whether a step takes something away for good. */
export const removes = ({ step }: Thing): boolean =>
  step.startsWith('remove-') || step === 'abort-upload' || step === 'delete-manifest'

/** A thing, and what does it. */
export interface Planned {
  readonly thing: Thing
  /** @returns false when it has changed or gone meanwhile: nothing was done, and the next run looks again */
  readonly carryOut: () => Promise<boolean>
}
