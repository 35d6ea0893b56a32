/**
 * Images in a store, as the engine of copies sees them: no registry stands between, but all that a registry heeds is
 * heeded: rules on tags, quotas, the clean-up, receivers of events.
 *
 * @module
 */

import { Readable } from 'node:stream'
import { type Follows, heedingFence, LOOK_AGAIN } from '../../registry/clean-up/fence.ts'
import { RegistryError } from '../../registry/errors.ts'
import type { RequiredChildrenOf } from '../../registry/index-children.ts'
import { quotasInForce } from '../../registry/quotas/in-force.ts'
import { type Digest, parseDigest, parseName, parseReference } from '../../registry/reference.ts'
import { createRegistry, type Registry } from '../../registry/registry.ts'
import { rulesInForce } from '../../registry/retention/in-force.ts'
import type { NamePage } from '../../registry/tag-pages.ts'
import { once } from '../../shared/once.ts'
import { readAll } from '../../storage/bytes.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { Blob } from '../../transfer/blobs/blob.ts'
import type { Destination, Origin } from '../../transfer/copy/ports.ts'
import type { Descriptor } from '../../transfer/copy/shape.ts'
import { MissingError, TransferError } from '../../transfer/errors.ts'
import type { Io } from '../io.ts'
import { recorderFor } from '../record-events.ts'
import type { AllRepositories } from './copies-io.ts'

/** Tags that are listed at a time. */
const PAGE = 1000

/** Page after page of names. */
const allOf = async (
  list: (last: string | undefined) => Promise<NamePage>,
): Promise<readonly string[]> => {
  const all: string[] = []
  for (let last: string | undefined; ; ) {
    const { names, more } = await orMissing(list(last))
    all.push(...names)
    if (!more) return all
    last = names.at(-1)
  }
}

/** What a registry refuses, for the person who asked. */
const inWords = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work
  } catch (error) {
    if (error instanceof RegistryError) {
      throw new TransferError(`${error.code}: ${error.message}`, { cause: error })
    }
    throw error
  }
}

/** The same, where what is looked for may be missing. */
const orMissing = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work
  } catch (error) {
    if (error instanceof RegistryError && error.code.endsWith('_UNKNOWN')) {
      throw new MissingError(error.message)
    }
    return inWords(Promise.reject(error))
  }
}

const originIn = ({ manifests, tags, referrers, blobs }: Registry, name: string): Origin => ({
  called: name,
  tags: () => allOf((last) => tags.list(name, PAGE, last)),
  async manifest(reference) {
    const digest = await orMissing(manifests.resolve(name, parseReference(reference)))
    const { bytes, mediaType } = await orMissing(manifests.get(name, digest))
    return { digest, mediaType, bytes: Buffer.from(bytes) }
  },
  async referrers(digest) {
    const all: Descriptor[] = []
    for (let last: Digest | undefined; ; ) {
      const page = await referrers.list(name, digest as Digest, last === undefined ? {} : { last })
      all.push(...(page.referrers as readonly Descriptor[]))
      if (page.next === undefined) return all
      last = page.next
    }
  },
  async blob(digest, size): Promise<Blob> {
    async function* bytes(start: number, end: number) {
      if (start === end) return
      const opening = blobs.open(name, parseDigest(digest), { start, end: end - 1 })
      yield* (await orMissing(opening)).body
    }
    return {
      digest,
      size,
      stream: (start, end) => Readable.from(bytes(start, end), { objectMode: false }),
      read: async (start, end) => readAll(bytes(start, end), end - start),
    }
  },
})

const destinationIn = (
  { blobs, manifests, tags, uploads, quotas }: Registry,
  name: string,
  actor: string,
): Destination => {
  const origin = { actor, who: actor }
  return {
    called: name,
    verifies: true,
    async has(digest) {
      return manifests.get(name, parseDigest(digest)).then(
        () => true,
        (error: unknown) => {
          if (error instanceof RegistryError) return false
          throw error
        },
      )
    },
    tagged: async (tag) => (await tags.get(name, tag))?.target,
    async deliver(blob, { sent }) {
      const digest = parseDigest(blob.digest)
      if ((await blobs.stat(name, digest)) === blob.size) return 'there'
      if (await blobs.mount(name, digest, undefined, { origin })) return 'mounted'
      async function* counted() {
        for await (const chunk of blob.stream(0, blob.size) as AsyncIterable<Buffer>) {
          sent(chunk.length)
          yield chunk
        }
      }
      await inWords(
        (async () => {
          await quotas.admit(name)
          const state = uploads.begin(name, { startedBy: actor })
          const source = counted()
          await uploads.commit(
            state,
            digest,
            { source, length: blob.size, range: undefined },
            origin,
          )
        })(),
      )
      return 'whole'
    },
    async put({ digest, mediaType, bytes }, tag) {
      const reference = parseReference(tag ?? digest)
      await inWords(manifests.push(name, reference, bytes, mediaType, { origin }))
    },
  }
}

/** Looks for the fence at once, and again where work goes on for long: mirrors take hours. */
const lookingAgain = async ({ now }: Io, store: ObjectStore): Promise<Follows> => {
  const fence = heedingFence(store)
  let looked = now()
  await fence.look()
  return async () => {
    if (now() - looked >= LOOK_AGAIN) {
      looked = now()
      await fence.look()
    }
    return fence.follows()
  }
}

/**
 * The images of a store. Reads the fence of clean-ups.
 *
 * @param requiredChildren which images of an index must be there
 * @param undeletes whether deletes can be undone
 */
export const imagesInStore = async (
  io: Io,
  store: ObjectStore,
  requiredChildren: RequiredChildrenOf,
  undeletes = false,
): Promise<AllRepositories> => {
  const follows = await lookingAgain(io, store)
  const registry = createRegistry({
    store,
    // Nothing is sealed: no state of an upload leaves this process.
    uploadSecret: async () => new Uint8Array(32),
    rules: once(() => rulesInForce(store)),
    quotas: once(() => quotasInForce(store)),
    cleanUp: follows,
    requiredChildren,
    undeletes,
    events: recorderFor(io, store),
    report: ({ key, why }) => io.say(`damaged: ${key} ${why}`),
  })
  const actor = io.user()
  return {
    origin: (name) => originIn(registry, parseName(name)),
    destination: (name) => destinationIn(registry, parseName(name), actor),
    names: () => allOf((last) => registry.catalog.list(PAGE, last)),
    async look(name, tag) {
      const found = await registry.tags.get(parseName(name), tag)
      return found && { digest: found.target }
    },
    async removeTag(name, tag) {
      const options = { by: actor, override: false, origin: { actor } }
      const removal = registry.manifests.remove(parseName(name), parseReference(tag), options)
      await orMissing(removal).catch((error: unknown) => {
        if (!(error instanceof MissingError)) throw error
      })
    },
  }
}
