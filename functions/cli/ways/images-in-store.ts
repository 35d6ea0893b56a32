/**
 * Images in a store, as commands work with them.
 *
 * @module
 */

import type { Settings } from '../../compose/setting-table.ts'
import { heedingFence } from '../../registry/clean-up/fence.ts'
import { RegistryError } from '../../registry/errors.ts'
import { quotasInForce } from '../../registry/quotas/in-force.ts'
import { createRegistry, type Registry } from '../../registry/registry.ts'
import { rulesInForce } from '../../registry/retention/in-force.ts'
import type { NamePage } from '../../registry/tag-pages.ts'
import { readUsage } from '../../registry/usage/usage.ts'
import { once } from '../../shared/once.ts'
import { discard, readAll } from '../../storage/bytes.ts'
import type { StoreIo } from '../command.ts'
import { recorderFor } from '../record-events.ts'
import { inStore as deletesInStore } from './deletes-in-store.ts'
import type { ImagesIo } from './images-io.ts'

/** Names of a page. */
const PAGE = 1000

/** All names, page by page. */
async function* paged(
  read: (last: string | undefined) => Promise<NamePage>,
  after?: string,
): AsyncGenerator<string> {
  for (let last = after; ; ) {
    const { names, more } = await read(last)
    yield* names
    if (!more) return
    last = names.at(-1) ?? last
  }
}

/** Undefined in place of what a registry does not have. */
const orNone = async <T>(work: Promise<T>): Promise<T | undefined> => {
  try {
    return await work
  } catch (error) {
    if (error instanceof RegistryError && error.code.endsWith('_UNKNOWN')) return undefined
    throw error
  }
}

/** Registries over the store: one that writes nothing, and one that writes as servers do. */
const registriesOf = (io: StoreIo, settings: Partial<Settings>) => {
  const { store, now, say } = io
  const uploadSecret = async () => new Uint8Array(32)
  const report = ({ key, why }: { readonly key: string; readonly why: string }) =>
    say(`${key} ${why}: see slipway check`)
  const reading = createRegistry({ store, uploadSecret, readOnly: true, report, now })
  const writing = once(async (): Promise<Registry> => {
    const fence = heedingFence(store)
    await fence.look()
    const requiredChildren = settings['index-children']
    return createRegistry({
      ...{ store, uploadSecret, report, now, cleanUp: fence.follows },
      undeletes: (settings['undelete-days'] ?? 0) > 0,
      rules: () => rulesInForce(store),
      quotas: once(() => quotasInForce(store)),
      events: recorderFor(io, store),
      ...(requiredChildren === undefined ? {} : { requiredChildren }),
    })
  })
  return { reading, writing }
}

/** Images in a store. */
export const inStore = (io: StoreIo, settings: Partial<Settings>): ImagesIo => {
  const { reading, writing } = registriesOf(io, settings)
  const by = io.user()
  return {
    ...io,
    removeWhole: deletesInStore(io, settings['undelete-days'] ?? 0).removeWhole,
    repositories: () => paged((last) => reading.catalog.list(PAGE, last)),
    has: async (name) => (await orNone(reading.tags.list(name, 1))) !== undefined,
    tags: (name, after) =>
      paged(
        async (last) =>
          (await orNone(reading.tags.list(name, PAGE, last))) ?? { names: [], more: false },
        after,
      ),
    manifest: (name, reference) =>
      orNone(
        reading.manifests
          .resolve(name, reference)
          .then((digest) => reading.manifests.get(name, digest, reference.tag !== undefined)),
      ),
    async blob(name, digest, limit) {
      const read = await orNone(reading.blobs.open(name, digest))
      if (read === undefined) return undefined
      if (read.info.size <= limit) return readAll(read.body, limit)
      discard(read.body)
      return undefined
    },
    async *referrers(name, digest) {
      for (let last: typeof digest | undefined; ; ) {
        const page = await reading.referrers.list(name, digest, last === undefined ? {} : { last })
        yield* page.referrers
        if (page.next === undefined) return
        last = page.next
      }
    },
    async sizes() {
      const usage = await readUsage(io.store)
      if (usage === undefined) return undefined
      const all = new Map()
      for await (const each of usage.repositories()) all.set(each.name, each)
      return all
    },
    async usageOf(wanted) {
      const usage = await readUsage(io.store)
      const found = await usage?.of(wanted)
      if (usage === undefined || found === undefined) return undefined
      const { name: _, ...bytes } = found
      return { ...bytes, date: usage.date }
    },
    async setTag(name, tag, { bytes, mediaType }, { override, from }) {
      const { manifests } = await writing()
      const condition = from === null ? { absent: true as const } : from && { anyOf: [from] }
      await manifests.push(name, { tag }, bytes, mediaType, {
        override,
        origin: { actor: by, who: by },
        ...(condition === undefined ? {} : { condition }),
      })
    },
    async removeTag(name, tag, { override }) {
      const { manifests } = await writing()
      await manifests.remove(name, { tag }, { by, override, origin: { actor: by } })
    },
  }
}
