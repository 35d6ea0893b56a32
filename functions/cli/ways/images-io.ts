/**
 * What commands on images work with: those in a store, or those that a registry has.
 *
 * @module
 */

import type { Digest, Reference } from '../../registry/reference.ts'
import type { RepositoryUsage } from '../../registry/usage/usage.ts'
import type { Io } from '../io.ts'
import type { DeletesIo } from './deletes-io.ts'

/** A manifest, whose bytes have its digest. */
export interface FoundManifest {
  readonly digest: Digest
  readonly mediaType: string
  readonly bytes: Uint8Array
}

/** A manifest that refers to another. */
export interface FoundReferrer {
  readonly digest: Digest
  readonly mediaType: string
  /** Bytes. */
  readonly size: number
  readonly artifactType?: string | undefined
}

/** How a tag is set or deleted. */
export interface TagChange {
  /** Whether an immutable tag goes or moves, too. */
  readonly override: boolean
  /** What it must point at for that; null: nothing. Default: whatever it does. */
  readonly from?: Digest | null | undefined
}

/** The bytes of a repository, as a clean-up found them on a date. */
export interface CountedUsage extends Omit<RepositoryUsage, 'name'> {
  readonly date: Date
}

/** The world outside a command, and images. What a registry refuses is a RegistryError or a TransferError. */
export interface ImagesIo extends Io, Pick<DeletesIo, 'removeWhole'> {
  /** Names of repositories in ASCII order. */
  repositories(): AsyncIterable<string>
  /** Whether there is a repository. */
  has(name: string): Promise<boolean>
  /** Tags in ASCII order. @param last those after this one; @returns none where there is no repository */
  tags(name: string, last?: string): AsyncIterable<string>
  /** @returns undefined where there is none */
  manifest(name: string, reference: Reference): Promise<FoundManifest | undefined>
  /** A small blob, whose bytes have its digest; undefined where there is none. @param limit most bytes */
  blob(name: string, digest: Digest, limit: number): Promise<Uint8Array | undefined>
  referrers(name: string, digest: Digest): AsyncIterable<FoundReferrer>
  /** All that is counted; undefined where nothing is, or the caller may not know. */
  sizes(): Promise<ReadonlyMap<string, RepositoryUsage> | undefined>
  /** Of one repository; undefined as for all. */
  usageOf(name: string): Promise<CountedUsage | undefined>
  /** Has a tag point at a manifest of its repository. */
  setTag(name: string, tag: string, manifest: FoundManifest, change: TagChange): Promise<void>
  /** Deletes a tag; what it points at stays. */
  removeTag(name: string, tag: string, change: Pick<TagChange, 'override'>): Promise<void>
}
