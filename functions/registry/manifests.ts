/**
 * Manifests of a repository: pushed, read, deleted.
 *
 * @module
 */

import { once } from '../shared/once.ts'
import { settled } from '../shared/parallel.ts'
import { inTurns } from '../shared/turns.ts'
import type { ObjectStore } from '../storage/store.ts'
import type { Content } from './content.ts'
import type { NoteDeletion } from './deleted/note.ts'
import { RegistryError } from './errors.ts'
import type { Origin } from './happened.ts'
import { dataKey, revisionLinkKey, tagLinkKey } from './layout.ts'
import { storedMediaType } from './manifest-type.ts'
import type { PushManifest, PushTargets } from './push-manifest.ts'
import { algorithmOf, CANONICAL, type Digest, type Reference } from './reference.ts'
import type { Overridden } from './retention/guard.ts'
import { undeletable } from './retention/refusals.ts'

/** Most bytes of a manifest; other registries and clients have the same limit. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024

export interface StoredManifest {
  readonly digest: Digest
  /** Digest that its bytes are stored under. */
  readonly target: Digest
  readonly mediaType: string
  readonly bytes: Uint8Array
}

export interface RemoveOptions {
  /** Who asks for it, as the audit trail names them. */
  readonly by?: string
  /** Whether immutable tags go, too. */
  readonly override?: boolean
  /** The same, for the event. */
  readonly origin?: Origin
}

export interface Manifests {
  /** The digest of a reference: no operation for a digest, one for a tag. */
  resolve(name: string, reference: Reference): Promise<Digest>
  /** The manifest with this digest. @throws RegistryError MANIFEST_UNKNOWN */
  get(name: string, digest: Digest, viaTag?: boolean): Promise<StoredManifest>
  /**
   * A URL that answers HEAD with a manifest's length and media type; no operation.
   *
   * @param expiresIn lifetime of the URL in seconds
   * @returns undefined if the store cannot presign
   */
  headUrl(manifest: StoredManifest, expiresIn: number): Promise<string | undefined>
  readonly push: PushManifest
  /**
   * Deletes a tag, or a manifest with every tag that points at it.
   *
   * @throws RegistryError MANIFEST_UNKNOWN, TAG_IMMUTABLE
   * @returns the immutable tags that went
   */
  remove(
    name: string,
    reference: Reference,
    options?: RemoveOptions,
  ): Promise<readonly Overridden[]>
}

export const manifestUnknown = (name: string, reference: string): RegistryError =>
  new RegistryError('MANIFEST_UNKNOWN', `the repository ${name} has no manifest ${reference}`, {
    detail: { name, reference },
  })

/** What shows that a tag is gone. */
const tagGone = (name: string, tag: string) => ({ key: tagLinkKey(name, tag), absent: true })

/** What manifests stand on besides the targets of pushes. */
export interface ManifestParts {
  readonly content: Content
  /** Begins the notes of a delete, which an undelete reads. */
  readonly note: (name: string, by: string | undefined) => NoteDeletion
}

/** Manifests on a store. */
export const createManifests = (
  store: ObjectStore,
  parts: PushTargets & ManifestParts,
): Manifests => {
  const { tags, referrers, revisions, content, guard, quotas, events } = parts

  /** What a push takes is loaded by the first one: pulls start without it. */
  const pushing = once(async () => {
    const { createPushManifest } = await import('./push-manifest.ts')
    return createPushManifest(store, parts)
  })

  /** Media types of the bytes in memory. */
  const types = new WeakMap<Uint8Array, string>()

  const typeOf = async (bytes: Uint8Array): Promise<string> => {
    const type = types.get(bytes) ?? (await inTurns(storedMediaType(bytes)))
    types.set(bytes, type)
    return type
  }

  const readData = (digest: Digest): Promise<Uint8Array | undefined> =>
    content.get(dataKey(digest), MAX_MANIFEST_BYTES, digest)

  /** A tag only ever points at a linked revision, so the link is not read for what a tag led to. */
  const dataOf = async (name: string, digest: Digest, viaTag: boolean) => {
    const canonical = algorithmOf(digest) === CANONICAL
    if (viaTag && canonical) return { target: digest, bytes: await readData(digest) }
    const [link, early] = await Promise.all([
      revisions.find(name, digest),
      canonical ? readData(digest) : undefined,
    ])
    if (link === undefined) return undefined
    return { target: link.target, bytes: early ?? (await readData(link.target)) }
  }

  const get: Manifests['get'] = async (name, digest, viaTag = false) => {
    const { target, bytes } = (await dataOf(name, digest, viaTag)) ?? {}
    if (target === undefined || bytes === undefined) throw manifestUnknown(name, digest)
    return { digest, target, bytes, mediaType: await typeOf(bytes) }
  }

  const removeManifest = async (
    name: string,
    digest: Digest,
    note: NoteDeletion,
    override: boolean,
    origin: Origin | undefined,
  ): Promise<readonly Overridden[]> => {
    const [isFrozen, lower] = await settled([
      guard.of(name),
      quotas.leave({ repository: name, manifest: digest }),
    ])
    const recording = events?.begin(name, origin)
    let frozen: readonly string[] = []
    const noteTags = async (pointing: readonly string[]): Promise<void> => {
      frozen = pointing.filter(isFrozen)
      const [first] = frozen
      if (first !== undefined && !override) throw undeletable(name, first, digest)
      // Each goes by itself, whether the manifest then does or not.
      const gone = pointing.map((tag) => ({ tag, proof: tagGone(name, tag) }))
      const own = events?.begin(name, origin).write({ action: 'delete', tags: gone })
      await settled([note.manifest(digest, pointing), own])
    }
    const doubt = async (target: Digest): Promise<void> => {
      const bytes = await readData(target)
      const { storedReferrer } = await import('./stored-referrer.ts')
      const found = bytes && (await inTurns(storedReferrer(bytes, digest)))
      if (found) await referrers.doubt(name, found.subject, found.referrer)
    }
    const proof = { key: revisionLinkKey(name, digest), absent: true }
    const record = () => recording?.write({ action: 'delete', target: { digest }, proof })
    try {
      const removed = await revisions.remove(
        name,
        digest,
        async (target) =>
          void (await settled([doubt(target), note.manifest(digest, []), record()])),
        noteTags,
      )
      if (!removed) throw manifestUnknown(name, digest)
    } catch (error) {
      if (error instanceof RegistryError) await recording?.withdraw()
      throw error
    }
    recording?.done()
    await lower()
    return frozen.map((tag) => ({ tag, was: digest }))
  }

  const removeTag = async (
    name: string,
    tag: string,
    note: NoteDeletion,
    override: boolean,
    origin: Origin | undefined,
  ): Promise<readonly Overridden[]> => {
    const isFrozen = (await guard.of(name))(tag)
    if (isFrozen && !override) {
      const link = await tags.get(name, tag)
      throw link ? undeletable(name, tag, link.target) : manifestUnknown(name, tag)
    }
    let was: Digest | undefined
    const recording = events?.begin(name, origin)
    // Beside the read of the tag: before anything of it goes, if it is there.
    const recorded = recording?.write({
      action: 'delete',
      target: { tag },
      proof: tagGone(name, tag),
    })
    const removing = tags.remove(name, tag, async (pointed) => {
      was = pointed
      await settled([note.tag(tag, pointed), recorded])
    })
    const [removed] = await settled([removing, recorded])
    if (!removed) await recording?.withdraw()
    if (!removed) throw manifestUnknown(name, tag)
    recording?.done()
    return isFrozen && was !== undefined ? [{ tag, was }] : []
  }

  return {
    async resolve(name, { tag, digest }) {
      if (digest !== undefined) return digest
      const link = await tags.get(name, tag)
      if (link === undefined) throw manifestUnknown(name, tag)
      return link.target
    },
    get,
    async headUrl({ target, mediaType }, expiresIn) {
      return store.presign?.('HEAD', dataKey(target), { expiresIn, contentType: mediaType })
    },
    push: async (...push) => (await pushing())(...push),
    async remove(name, { tag, digest }, { by, override = false, origin } = {}) {
      const note = parts.note(name, by)
      return digest === undefined
        ? removeTag(name, tag, note, override, origin)
        : removeManifest(name, digest, note, override, origin)
    },
  }
}
