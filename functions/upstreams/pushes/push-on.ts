/**
 * Pushes on to an upstream what is pushed to its repositories here. The upstream comes first: no tag here leads to what it has
 * not taken. Bytes are sent from the store, at the latest before the manifest that needs them; those that it has are not.
 *
 * Nothing relies on what was sent before: whoever dies leaves content without a tag there at most, and the client
 * that pushes again has the rest sent.
 *
 * @module
 */

import { RegistryError } from '../../registry/errors.ts'
import { type Manifest, parseStoredManifest } from '../../registry/manifest.ts'
import { isManifestType } from '../../registry/media-types.ts'
import { algorithmOf, type Digest, digestOf, type Reference } from '../../registry/reference.ts'
import type { Registry } from '../../registry/registry.ts'
import { tagImmutable } from '../../registry/retention/refusals.ts'
import { inBatches } from '../../shared/parallel.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { AskAt } from '../client/hosts-asked.ts'
import { marking } from '../kept/mark.ts'
import { readTagState, unsaid, writeTagState } from '../manifests/tag-state.ts'
import type { Route } from '../route.ts'

export interface PushOnOptions {
  readonly registry: Pick<Registry, 'blobs' | 'manifests' | 'tags' | 'catalog'>
  readonly store: ObjectStore
  readonly askAt: AskAt
}

/** Pushes on. All throw UpstreamError, RegistryError and StoreError. */
export interface PushOn {
  /**
   * @param from a repository there that may have it, too
   * @returns whether the upstream has the blob then: false where it is not here either
   */
  blob(route: Route, digest: Digest, from?: string): Promise<boolean>
  /** All that a manifest needs. @throws RegistryError MANIFEST_BLOB_UNKNOWN for a blob that is nowhere */
  content(route: Route, manifest: Manifest): Promise<void>
  /**
   * @param frozen tags that may not move
   * @returns whether the upstream lists it as a referrer of its subject
   * @throws RegistryError TAG_IMMUTABLE for one of those that is another manifest there
   */
  manifest(
    route: Route,
    references: readonly Reference[],
    mediaType: string,
    bytes: Uint8Array,
    frozen?: readonly string[],
  ): Promise<boolean>
  /** Has tags be there what they are here, as long as that is not this manifest. */
  restore(route: Route, tags: readonly string[], digest: Digest): Promise<void>
  /** Before a manifest is stored here. */
  begun(route: Route): Promise<void>
  /** Notes tags that were pushed on, and are here by now: all of them can be fetched anew. */
  tagged(route: Route, tags: readonly string[], digest: Digest): Promise<void>
}

/** Children of an index that are looked at, or sent, at a time. */
const AT_ONCE = 8
/** Indexes of indexes, and so on: no deeper than any registry goes. */
const DEPTH = 8

const isUnknown = (error: unknown): boolean =>
  error instanceof RegistryError && error.code === 'MANIFEST_UNKNOWN'

/** Makes what pushes on. */
export const createPushOn = ({ registry, store, askAt }: PushOnOptions): PushOn => {
  const { blobs, manifests } = registry
  const mark = marking(registry, store)
  const underWay = new Map<string, Promise<boolean>>()

  async function* bytesOf(local: string, digest: Digest): AsyncGenerator<Uint8Array, undefined> {
    yield* (await blobs.open(local, digest)).body
    return undefined
  }

  const send: PushOn['blob'] = async (route, digest, from) => {
    const { pushes } = askAt(route)
    if (await pushes.hasBlob(digest)) return true
    const { local } = route
    const size = await blobs.stat(local, digest)
    if (size === undefined) return false
    await pushes.putBlob(digest, size, () => bytesOf(local, digest), from)
    return true
  }

  /** Once for all who wait for it. */
  const blob: PushOn['blob'] = async (route, digest, from) => {
    const key = `${route.local}@${digest}`
    const before = underWay.get(key)
    // What began earlier may not have seen what is here, or there, by now.
    if (before !== undefined && (await before.catch(() => false))) return true
    const running = underWay.get(key)
    if (running !== undefined) return running
    const sending = send(route, digest, from).finally(() => underWay.delete(key))
    underWay.set(key, sending)
    return sending
  }

  const held = async ({ local }: Route, digest: Digest) => {
    try {
      return await manifests.get(local, digest)
    } catch (error) {
      if (isUnknown(error)) return undefined
      throw error
    }
  }

  /** A tag may be there that was never pulled from here. */
  const checkFrozen = async (route: Route, tag: string, bytes: Uint8Array): Promise<void> => {
    const { pushes, repository } = askAt(route)
    const said = await pushes.digestAt(tag)
    if (said === undefined) return
    const digest = said === 'unsaid' ? (await repository.manifest({ tag })).digest : said
    if (digestOf(bytes, algorithmOf(digest)) !== digest) {
      throw tagImmutable(route.local, tag, digest)
    }
  }

  /**
   * Before a tag is set there: whatever becomes of the push, that the upstream was asked a moment ago says nothing of
   * what the tag is from now on.
   */
  const doubt = async ({ local }: Route, tag: string): Promise<void> => {
    const state = await readTagState(store, local, tag)
    // Where there is none, nobody has fetched it: it may be nowhere else.
    if (state !== undefined) await writeTagState(store, local, tag, unsaid(state.digest))
  }

  const manifest: PushOn['manifest'] = async (route, references, mediaType, bytes, frozen = []) => {
    const { pushes } = askAt(route)
    const tags = references.flatMap(({ tag }) => (tag === undefined ? [] : [tag]))
    await inBatches(frozen, (tag) => checkFrozen(route, tag, bytes))
    await inBatches(tags, (tag) => doubt(route, tag))
    let listed = true
    for (const reference of references) {
      listed = (await pushes.putManifest(reference, mediaType, bytes)) && listed
    }
    return listed
  }

  /** What clients take for there, as it is here. What is nowhere is for the upstream to judge. */
  const child = async (route: Route, digest: Digest, depth: number): Promise<void> => {
    if (depth > DEPTH || (await askAt(route).pushes.hasManifest(digest))) return
    const found = await held(route, digest)
    if (found === undefined) return
    await contentOf(route, parseStoredManifest(found.bytes), depth)
    await manifest(route, [{ digest }], found.mediaType, found.bytes)
  }

  const contentOf = async (route: Route, parent: Manifest, depth: number): Promise<void> => {
    const { references, unchecked } = parent
    const distinct = new Map([...unchecked, ...references].map((each) => [each.digest, each]))
    const optional = new Set(unchecked.map(({ digest }) => digest))
    const nowhere = await inBatches(
      [...distinct.values()],
      async ({ digest, mediaType }) => {
        if (isManifestType(mediaType)) await child(route, digest, depth + 1)
        else if (!(await blob(route, digest)) && !optional.has(digest)) return digest
        return undefined
      },
      AT_ONCE,
    )
    const digests = nowhere.filter((digest) => digest !== undefined)
    if (digests.length === 0) return
    throw new RegistryError(
      'MANIFEST_BLOB_UNKNOWN',
      `the manifest refers to ${digests.slice(0, 3).join(', ')}${digests.length > 3 ? ` and ${digests.length - 3} more` : ''}, missing from the repository ${route.local} and from ${route.host}: push that content first`,
      { detail: { name: route.local, digests: digests.slice(0, 100) } },
    )
  }

  return {
    blob,
    content: (route, parent) => contentOf(route, parent, 0),
    manifest,
    async restore(route, tags, digest) {
      const { pushes } = askAt(route)
      for (const tag of tags) {
        const link = await registry.tags.get(route.local, tag)
        if (link === undefined || link.target === digest) continue
        const here = await held(route, link.target)
        if (here !== undefined) await pushes.putManifest({ tag }, here.mediaType, here.bytes)
      }
    },
    begun: ({ local }) => mark(local),
    async tagged({ local }, tags, digest) {
      await inBatches(tags, (tag) => writeTagState(store, local, tag, unsaid(digest)))
    },
  }
}
