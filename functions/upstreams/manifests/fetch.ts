/**
 * Fetches manifests, and stores them the way pushes do: verified, the tag last. What they refer to need not be here.
 *
 * @module
 */

import { RegistryError } from '../../registry/errors.ts'
import { isManifestType } from '../../registry/media-types.ts'
import type { Digest } from '../../registry/reference.ts'
import type { Registry } from '../../registry/registry.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { FetchedManifest } from '../client/client.ts'
import type { AskAt } from '../client/hosts-asked.ts'
import { isPassedOn } from '../client/via.ts'
import { marking } from '../kept/mark.ts'
import type { Route } from '../route.ts'
import { type TagState, unasked, writeTagState } from './tag-state.ts'

export interface FetchOptions {
  readonly registry: Pick<Registry, 'manifests' | 'tags' | 'catalog'>
  readonly store: ObjectStore
  readonly askAt: AskAt
  /** Clock in milliseconds since 1970. */
  readonly now: () => number
}

/** Fetches for a repository. All throw UpstreamError, and what a push throws. */
export interface Fetch {
  /** Whether the repository has this manifest. */
  has(route: Route, digest: Digest): Promise<boolean>
  byDigest(route: Route, digest: Digest): Promise<void>
  /**
   * Asks for a tag, and has what it is now.
   *
   * @param known what it is here
   * @returns what it is now for requests that come the same way, and whether it is another than what is known
   */
  byTag(
    route: Route,
    tag: string,
    known: TagState | undefined,
  ): Promise<TagState & { readonly fetched: boolean }>
}

/** How often a tag is asked for that pushes move meanwhile. */
const ATTEMPTS = 5

const isUnknown = (error: unknown): boolean =>
  error instanceof RegistryError && error.code === 'MANIFEST_UNKNOWN'

const isMoved = (error: unknown): boolean =>
  error instanceof RegistryError && error.code === 'PRECONDITION_FAILED'

/** A Content-Type, where it is one of manifests: others say only how files are sent. */
const typeOf = (mediaType: string | undefined): string | undefined => {
  const type = mediaType?.replace(/;.*/, '').trim()
  return type !== undefined && isManifestType(type) ? type : undefined
}

/** Makes what fetches. */
export const createFetch = ({ registry, store, askAt, now }: FetchOptions): Fetch => {
  const { manifests } = registry
  const mark = marking(registry, store)

  /** A manifest that is here already. */
  const held = async ({ local }: Route, digest: Digest) => {
    try {
      return await manifests.get(local, digest)
    } catch (error) {
      if (isUnknown(error)) return undefined
      throw error
    }
  }

  /** What the upstream has of the tag; undefined where that is what is known. */
  const changed = async (
    route: Route,
    tag: string,
    known: TagState | undefined,
  ): Promise<FetchedManifest | undefined> => {
    const { repository } = askAt(route)
    if (known === undefined) return repository.manifest({ tag })
    const head = await repository.head({ tag }, known.etag)
    if (head === undefined || head.digest === known.digest) return undefined
    // A GET may count against a limit of the upstream where a HEAD does not.
    const here = head.digest && (await held(route, head.digest))
    if (here === undefined) return repository.manifest({ tag })
    const { digest, bytes, mediaType } = here
    return { digest, bytes: Buffer.from(bytes), mediaType, etag: head.etag }
  }

  /** What a tag must be here so that a push that came meanwhile is not undone. */
  const conditionOf = ({ upstream }: Route, known: TagState | undefined) => {
    if (!upstream.writable) return {}
    return { condition: known ? { anyOf: [known.digest] } : ({ absent: true } as const) }
  }

  const push = async (
    route: Route,
    tag: string,
    known: TagState | undefined,
    { bytes, mediaType }: FetchedManifest,
  ): Promise<Digest> => {
    const { local } = route
    await mark(local)
    const options = { fetched: true, ...conditionOf(route, known) }
    const pushed = await manifests.push(local, { tag }, bytes, typeOf(mediaType), options)
    return pushed.digest
  }

  const byTag: Fetch['byTag'] = async (route, tag, known) => {
    const began = now()
    const { local } = route
    const found = await changed(route, tag, known)
    // An upstream that finds itself in `Via` asks nobody in its turn, and anybody can write that: others ask for themselves.
    const isForAll = !isPassedOn(route.via)
    const asked = isForAll ? began : Math.max(known?.asked ?? 0, 0)
    const state: TagState =
      found === undefined
        ? { ...(known as TagState), asked }
        : { asked, etag: found.etag, digest: await push(route, tag, known, found) }
    if (isForAll || found !== undefined) await writeTagState(store, local, tag, state)
    return { ...state, asked: began, fetched: found !== undefined }
  }

  return {
    has: async (route, digest) => (await held(route, digest)) !== undefined,

    async byDigest(route, digest) {
      const { bytes, mediaType } = await askAt(route).repository.manifest({ digest })
      await mark(route.local)
      await manifests.push(route.local, { digest }, bytes, typeOf(mediaType), { fetched: true })
    },

    async byTag(route, tag, known) {
      let last = known
      for (let attempt = 1; ; attempt++) {
        try {
          return await byTag(route, tag, last)
        } catch (error) {
          if (!isMoved(error) || attempt === ATTEMPTS) throw error
        }
        const link = await registry.tags.get(route.local, tag)
        last = link && unasked(link.target)
      }
    },
  }
}
