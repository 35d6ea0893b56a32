/**
 * The port to who records what happens to repositories, so that others hear of it. There is one only where somebody
 * wants to.
 *
 * The rule for writers: a record is written in a step that precedes the last write which makes it true, so that no
 * event is lost, wherever a process dies; beside what that step does, so that it takes no step more. What then is
 * refused is withdrawn. A write whose outcome is not known is not: the record's proof decides, when it is delivered.
 *
 * @module
 */

import type { Digest } from './reference.ts'

/** Who asks for something, and how. Nothing secret, and no query. */
export interface Origin {
  /** As `alice`; absent for anonymous callers, and where no caller asks. */
  readonly actor?: string | undefined
  /** The same with its kind, as the audit trail has it; not recorded. */
  readonly who?: string | undefined
  /** The client's request, if there is one. */
  readonly request?:
    | {
        readonly id: string
        readonly addr?: string | undefined
        readonly host?: string | undefined
        readonly method: string
        readonly userAgent?: string | undefined
      }
    | undefined
}

/** A manifest that a client has got. It is told at best effort, and recorded nowhere. */
export interface Pull {
  readonly repository: string
  readonly target: Described & { readonly tag?: string | undefined }
  readonly origin: Origin
}

/** Tells of a pull, at best effort. Takes no time. @param make called only if somebody wants to know */
export type TellPull = (make: () => Pull) => void

/** Who tells of pulls. */
export interface PullEvents {
  /** Undefined while nobody wants to know, so that a pull does not even ask. */
  readonly tell: TellPull | undefined
}

/** What shows that it happened: an object is there, or (`absent`) a link no longer. */
export interface Proof {
  readonly key: string
  readonly absent?: boolean
  /** Whether a delete leaves nothing of the object. */
  readonly fleeting?: boolean
}

/** What a descriptor says. */
export interface Described {
  readonly mediaType: string
  readonly digest: string
  /** Bytes. */
  readonly size: number
  /** Where else it is. */
  readonly urls?: readonly string[] | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

/** One tag of what happens. */
export interface HappenedTag {
  readonly tag: string
  /** What it named before, where that was another manifest. */
  readonly previous?: Digest | undefined
  /** Default: that of the whole. */
  readonly proof?: Proof
}

/** What is about to happen. */
export interface Happening {
  /** `quota`: one has passed its soft limit. */
  readonly action: 'push' | 'mount' | 'delete' | 'undelete' | 'quota' | 'policy'
  /** Absent: the whole repository, or a document. */
  readonly target?: Partial<Described> & {
    readonly tag?: string
    readonly fromRepository?: string | undefined
    readonly artifactType?: string | undefined
    readonly references?: readonly Described[]
  }
  /** It is an event of each. */
  readonly tags?: readonly HappenedTag[]
  readonly facts?: Readonly<Record<string, string | number>>
  readonly proof?: Proof
}

/** The record of one thing that happens. */
export interface Recording {
  /** Whether anybody wants to hear of tags that move: then what they named has to be read. */
  wantsMoves(): Promise<boolean>
  /**
   * Writes it, if anybody wants it. One operation.
   *
   * @throws StoreError: then it must not happen
   */
  write(happening: Happening): Promise<void>
  /** Takes back what was written, since it was refused. Never throws. One operation, if anything was written. */
  withdraw(): Promise<void>
  /** Says that it has happened. Takes no time. */
  done(): void
}

/** Records what happens. */
export interface Recorder {
  /** @param repository undefined for a document */
  begin(repository: string | undefined, origin?: Origin): Recording
}
