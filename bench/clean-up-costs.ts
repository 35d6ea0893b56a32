/**
 * What runs of the clean-up cost on Lambda: calls as test/bench/clean-up.slow.ts counts them, to the call, and the time
 * that they and the work between them take.
 *
 * @module
 */

import { LIST_MILLISECONDS } from './clean-up/virtual.ts'
import { CALL_MILLISECONDS, costOfCalls, FUNCTION_MEMORY } from './costs.ts'
import { PRICES } from './prices.ts'

/** What is in a store that is cleaned up. */
export interface Stored {
  readonly repositories: number
  /** Links of blobs and manifests. */
  readonly links: number
  /** Of these, of manifests; there is a tag for each. */
  readonly manifests: number
  /** Blobs and manifests in the pool. */
  readonly data: number
}

/** A run that has never been there before, or one since which nothing has changed. */
export type RunKind = 'first' | 'unchanged'

/** Objects of a listing. */
const PAGE = 1000

/** Links of a run that is sorted and written down, and bytes of one; bytes of all that are in memory. */
const RUN = 65_536
const ENTRY = 36
const IN_MEMORY = 16 * 1024 * 1024
const LEAST_READ = 128
const MOST_READ = 4096

/** Repositories of an object with what was seen, and of one of usage. */
const SEEN = 4096
const USAGE = 10_000

/** Seconds of the function for each link, between calls: as measured, docs/clean-up.md. */
const SECONDS_PER_LINK: Readonly<Record<RunKind, number>> = { first: 65e-6, unchanged: 42e-6 }

/** Hours from one invocation to the next, lib/clean-up.ts. */
export const INVOCATION_HOURS = 1

/** Seconds of work in an invocation of 15 minutes. */
const INVOCATION = 13 * 60

/** Writes in half a minute: signs of life, and checkpoints with what is in memory. */
const WRITES = 7 / 30

const pages = (objects: number): number => Math.max(1, Math.ceil(objects / PAGE))

/**
 * Listings of markers, referrers, aliases, records of pulls and deletes, deletes of whole repositories, staged bytes, and
 * of what runs note.
 */
const OTHER_LISTS = 8

/** Sorted runs of links that are written down, and the reads that they take. */
const spilled = (links: number): { readonly written: number; readonly reads: number } => {
  const written = Math.floor((links - 1) / RUN)
  const share = Math.floor(IN_MEMORY / ENTRY / (written + 1))
  return {
    written,
    reads: written * Math.ceil(RUN / Math.min(MOST_READ, Math.max(LEAST_READ, share))),
  }
}

/** Calls of a run in which nothing goes, without those of time that passes. */
export const callsOfRun = (
  { repositories, links, manifests, data }: Stored,
  kind: RunKind,
): Readonly<Record<string, number>> => {
  const { written, reads } = spilled(links)
  const seen = Math.ceil(repositories / SEEN)
  const usage = Math.ceil(repositories / USAGE)
  // The first looks at records of pulls, too, at signatures of schema 1, at what the first API knows, at what was fetched and
  // is being fetched, and at what is there of what it notes.
  const others = OTHER_LISTS + (kind === 'first' ? 6 : 0)
  return {
    ListObjectsV2: pages(links + manifests) + pages(data) + pages(repositories) + others,
    ListMultipartUploads: 1,
    GetObject: reads + (kind === 'first' ? manifests + 8 : seen + 8),
    HeadObject: 1,
    PutObject: written + usage + (kind === 'first' ? seen + 6 : 5),
  }
}

/** What a run takes. */
export interface RunCost {
  readonly calls: Readonly<Record<string, number>>
  readonly seconds: number
  readonly invocations: number
  readonly s3: number
  readonly lambda: number
}

/** What a run costs: manifests of one repository are read at once, all else one after the other. */
export const costOfRun = (stored: Stored, kind: RunKind): RunCost => {
  const { ListObjectsV2 = 0, GetObject = 0, PutObject = 0, ...rest } = callsOfRun(stored, kind)
  const reads = kind === 'first' ? GetObject - stored.manifests + stored.repositories : GetObject
  const waited = ListObjectsV2 * LIST_MILLISECONDS + (reads + PutObject) * CALL_MILLISECONDS
  const seconds = waited / 1000 + stored.links * SECONDS_PER_LINK[kind]
  const calls = {
    ...{ ListObjectsV2, GetObject, ...rest },
    PutObject: PutObject + Math.floor(seconds * WRITES),
  }
  const invocations = Math.ceil(seconds / INVOCATION)
  const lambda =
    invocations * PRICES.lambdaRequest.each + seconds * FUNCTION_MEMORY * PRICES.lambdaSecond.each
  return { calls, seconds, invocations, s3: costOfCalls(calls), lambda }
}

const storedOf = (repositories: number, images: number, blobs: number): Stored => {
  const manifests = repositories * images
  const links = manifests * (blobs + 1)
  return { repositories, links, manifests, data: links }
}

/** The stores of the table. */
export const STORES: readonly Stored[] = [
  storedOf(1000, 1, 9),
  storedOf(10_000, 2, 49),
  storedOf(100_000, 2, 49),
]
