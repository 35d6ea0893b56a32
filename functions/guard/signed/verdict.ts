/**
 * Whether an image is signed by one whom a requirement names.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import type { Requirement } from '../../auth/policy/requirement.ts'
import { schema1Key } from '../../registry/layout.ts'
import { parseInTurns } from '../../registry/manifest.ts'
import { MAX_MANIFEST_BYTES, type StoredManifest } from '../../registry/manifests.ts'
import { SCHEMA1 } from '../../registry/media-types.ts'
import type { Digest } from '../../registry/reference.ts'
import type { Registry } from '../../registry/registry.ts'
import { readAll } from '../../storage/bytes.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { unlessAbsent } from '../absent.ts'
import { isOnlyAbout } from '../beside.ts'
import { createParents } from '../parents.ts'
import { BUNDLE, createCandidates, type Evidence, JWS } from './candidates.ts'
import { isBundle, isSimplySigned } from './cosign.ts'
import { type Signers, signersOf } from './signers.ts'

/** Milliseconds for which a signature that was found is not looked for again: it may be deleted. */
export const VALID_FOR = 300_000

/** Manifests that are remembered, for each requirement. */
const CAPACITY = 10_000

/** How deep an index in an index may be to vouch for an image. */
const DEPTH = 3

/** Most indexes that are looked at for one image. */
const MOST_INDEXES = 20

/** The annotation of a layer that has the signature of it (cosign's SIGNATURE_SPEC.md). */
const SIGNATURE = 'dev.cosignproject.cosign/signature'

export interface VerdictParts {
  readonly store: ObjectStore
  readonly registry: Registry
  /** Milliseconds. */
  readonly now: () => number
}

/** What is known of one requirement; it goes with it when the policy changes. */
interface Known {
  readonly signers: Signers
  /** Repository and digest of what is signed. */
  readonly signed: LRUCache<string, true>
}

/** What was found of a manifest that nobody of the policy has signed. */
export interface Unsigned {
  /** How many signatures of others there are, as far as they were looked at. */
  readonly others: number
}

/** Looks whether images are signed. */
export const createVerdict = ({ store, registry, now }: VerdictParts) => {
  const { manifests, blobs } = registry
  const evidenceOf = createCandidates(registry)
  const parents = createParents(registry)
  const known = new WeakMap<Requirement, Known>()
  /** Manifests that are only about others: that never changes. */
  const about = new LRUCache<string, true>({ max: CAPACITY })

  const knownOf = (requirement: Requirement): Known => {
    const found = known.get(requirement) ?? {
      signers: signersOf(requirement.signed?.by ?? []),
      signed: new LRUCache<string, true>({
        max: CAPACITY,
        ttl: VALID_FOR,
        perf: { now },
        ttlResolution: 0,
      }),
    }
    known.set(requirement, found)
    return found
  }

  const holds = async (signers: Signers, digests: readonly string[], evidence: Evidence) => {
    const { mediaType, bytes, annotations } = evidence
    if (mediaType === JWS) {
      if (signers.authorities.length === 0) return false
      const { isNotarySigned } = await import('./notation.ts')
      return isNotarySigned(signers, digests, bytes, now())
    }
    if (mediaType.startsWith(BUNDLE)) return isBundle(signers, digests, bytes)
    return isSimplySigned(signers, digests, bytes, annotations[SIGNATURE] ?? '')
  }

  const isOldSigned = async (signers: Signers, name: string, stored: StoredManifest) => {
    const object = await store.get(schema1Key(name, stored.target))
    if (object === undefined) return false
    const bytes = await readAll(object.body, MAX_MANIFEST_BYTES)
    const { isSignedOld } = await import('./old.ts')
    return isSignedOld(signers, [stored.target], bytes, now())
  }

  const isAbout = async (name: string, stored: StoredManifest): Promise<boolean> => {
    const key = `${name}@${stored.digest}`
    if (about.get(key)) return true
    const manifest = await unlessAbsent(parseInTurns(stored.bytes, stored.mediaType))
    const found = manifest && (await unlessAbsent(isOnlyAbout(blobs, name, manifest)))
    if (found) about.set(key, true)
    return found ?? false
  }

  /** @returns undefined if it is signed */
  const ownOf = async (
    { signers, signed }: Known,
    name: string,
    stored: StoredManifest,
  ): Promise<Unsigned | undefined> => {
    const key = `${name}@${stored.digest}`
    if (signed.get(key)) return undefined
    // It may be asked for by another digest than the one that was signed.
    const digests = [...new Set([stored.target, stored.digest])]
    let others = 0
    for (const digest of digests) {
      for await (const evidence of evidenceOf(name, digest)) {
        if (await holds(signers, digests, evidence)) {
          signed.set(key, true)
          return undefined
        }
        others++
      }
    }
    if (SCHEMA1.includes(stored.mediaType) && (await isOldSigned(signers, name, stored))) {
      signed.set(key, true)
      return undefined
    }
    return { others }
  }

  /** Whether an index that lists it is signed, or one that lists that. */
  const isVouchedFor = async (each: Known, name: string, digest: Digest): Promise<boolean> => {
    const seen = new Set([digest])
    let level: readonly Digest[] = [digest]
    for (let depth = 0; depth < DEPTH; depth++) {
      const above: Digest[] = []
      for (const child of level) {
        for await (const parent of parents.of(name, child)) {
          if (seen.has(parent)) continue
          if (seen.size > MOST_INDEXES) return false
          seen.add(parent)
          const stored = await unlessAbsent(manifests.get(name, parent))
          if (stored === undefined) continue
          if ((await ownOf(each, name, stored)) === undefined) return true
          above.push(parent)
        }
      }
      level = above
    }
    return false
  }

  return {
    /** Whether it is known to be signed. No operation. */
    remembers: (requirement: Requirement, name: string, digest: Digest): boolean =>
      knownOf(requirement).signed.get(`${name}@${digest}`) === true,
    /** Whether nothing is required of it: it is only about others. At most one operation for each of its layers. */
    isAbout,
    /** @returns undefined if it is signed, or an index that lists it is */
    async of(
      requirement: Requirement,
      name: string,
      stored: StoredManifest,
    ): Promise<Unsigned | undefined> {
      await parents.note(name, stored)
      const each = knownOf(requirement)
      const unsigned = await ownOf(each, name, stored)
      if (unsigned === undefined) return undefined
      if (!(await isVouchedFor(each, name, stored.digest))) return unsigned
      each.signed.set(`${name}@${stored.digest}`, true)
      return undefined
    },
  }
}
