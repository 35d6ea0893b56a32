/**
 * The results as they are kept: JSON, small enough to be committed.
 *
 * @module
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { PeerName } from './peers/peer.ts'
import type { Summary } from './statistics.ts'

/** Figures of one run by the name of what was measured; the unit is part of the name. */
export type Values = Readonly<Record<string, number>>

/** What all rounds of a step gave for one registry. */
export interface Measured {
  readonly id: string
  readonly peer: PeerName
  readonly values: Readonly<Record<string, Summary>>
  /** Slipway's value over this registry's, round by round; the median of these. */
  readonly ratios: Readonly<Record<string, number>>
}

/** What a registry could not do. */
export interface Failure {
  readonly id: string
  readonly peer: PeerName
  readonly why: string
}

/** How often one push had a server flush what it wrote to the disk. */
export interface Flushed {
  readonly id: string
  readonly peer: PeerName
  readonly flushes: number
}

/** Calls of S3 that one request, or one push or pull, cost. */
export interface Counted {
  readonly id: string
  readonly peer: PeerName
  readonly calls: Readonly<Record<string, number>>
  /** How many of them had to wait for one another. */
  readonly steps: number
}

/** What one operation cost where so many entries were there before. */
export interface Grown {
  /** What there were many of. */
  readonly of: 'tags' | 'repositories' | 'referrers'
  readonly entries: number
  /** What was done. */
  readonly operation: string
  readonly milliseconds: Summary
  readonly calls: Readonly<Record<string, number>>
  /** Bytes by which resident memory of the server was higher at most than before. */
  readonly extraBytes: number
}

/** What one kind of request cost in a Lambda function's handler. */
export interface Invoked {
  readonly request: string
  /** The first event of a process, its start included; and one of those that follow. */
  readonly start: 'cold' | 'warm'
  readonly milliseconds: Summary
  readonly calls: Readonly<Record<string, number>>
  /** How many of them had to wait for one another. */
  readonly steps: number
  /** Bytes of resident memory of the process at its highest. */
  readonly peakBytes: number
}

/** What a run of the clean-up took. */
export interface CleanedUp {
  /** The first ever; one after a push to one of a hundred repositories; one with nothing new. */
  readonly run: 'first' | 'changed' | 'unchanged'
  readonly repositories: number
  /** Links of blobs and manifests, as there were before the first run. */
  readonly links: number
  /** Blobs and manifests in the pool. */
  readonly data: number
  readonly calls: Readonly<Record<string, number>>
  /** How many of them had to wait for one another. */
  readonly steps: number
  /** Calls of the function that it took. */
  readonly invocations: number
  /** Seconds in a Lambda function, with what each call to S3 is taken to last there. */
  readonly seconds: number
  readonly cpuSeconds: number
  /** Bytes of resident memory of the process at their highest. */
  readonly peakBytes: number
  /** Most bytes that were in use right after the garbage was collected. */
  readonly heapBytes: number
  /** What was done, by step. */
  readonly did: Readonly<Record<string, number>>
}

/** A registry that took part. */
export interface Participant {
  readonly peer: PeerName
  readonly title: string
  readonly version: string
  readonly settings: string
}

/** What a run is to do. */
export interface Plan {
  /** How large everything is. */
  readonly sizes: 'full' | 'smoke' | 'quick'
  readonly rounds: number
  readonly only: readonly string[]
}

/** Everything a run gave. */
export interface Results {
  /** ISO 8601, UTC. */
  readonly date: string
  readonly command: string
  readonly machine: Readonly<Record<string, string>>
  readonly participants: readonly Participant[]
  readonly measured: readonly Measured[]
  readonly failures: readonly Failure[]
  readonly counted: readonly Counted[]
  readonly grown: readonly Grown[]
  readonly invoked: readonly Invoked[]
  /** This, and what follows, is absent in results from before it was measured. */
  readonly cleanedUp?: readonly CleanedUp[]
  readonly flushed?: readonly Flushed[]
  /** Bytes of the Lambda function's code that a cold start reads. */
  readonly startBytes?: number
  /** Calls of S3 for the first page of 500 referrers that a process which remembers nothing was asked for. */
  readonly referrerCalls?: Readonly<Record<string, number>>
  /** What the run was to do; what goes on with it must be the same. */
  readonly plan?: Plan
}

/** Writes results to a file. */
export const writeResults = (path: string, results: Results): void => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(results, undefined, 1)}\n`)
}

/** Reads results that were written. */
export const readResults = (path: string): Results => JSON.parse(readFileSync(path, 'utf8'))
