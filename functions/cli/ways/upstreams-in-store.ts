/**
 * What comes from upstreams, in a store: this process asks them, with the credentials of its own environment.
 *
 * @module
 */

import { readDocument } from '../../auth/document.ts'
import { createPullThrough } from '../../compose/pull-through.ts'
import { heedingFence } from '../../registry/clean-up/fence.ts'
import {
  CATALOG_PREFIX,
  catalogName,
  fetchedMarkKey,
  fetchedPrefix,
  UPSTREAMS_KEY,
} from '../../registry/layout.ts'
import { quotasInForce } from '../../registry/quotas/in-force.ts'
import type { Reference } from '../../registry/reference.ts'
import { createRegistry } from '../../registry/registry.ts'
import { rulesInForce } from '../../registry/retention/in-force.ts'
import { once } from '../../shared/once.ts'
import { listPages } from '../../storage/pages.ts'
import { AT_ONCE, refreshAll } from '../../upstreams/manifests/refresh.ts'
import type { StoreIo } from '../command.ts'
import { CommandError } from '../errors.ts'
import { inStore as deletesInStore } from './deletes-in-store.ts'
import type { UpstreamsIo } from './upstreams-io.ts'

/** In a store. @param days for which deletes can be undone */
export const inStore = (io: StoreIo, days: number): UpstreamsIo => {
  const { store, env, now } = io
  const document = () => readDocument(store, UPSTREAMS_KEY)

  const open = once(async () => {
    const fence = heedingFence(store)
    await fence.look()
    const registry = createRegistry({
      store,
      uploadSecret: async () => new Uint8Array(32),
      rules: () => rulesInForce(store),
      quotas: once(() => quotasInForce(store)),
      cleanUp: fence.follows,
      now,
    })
    const tell = (_: object, message: string): void => io.say(message)
    const find = createPullThrough((await document()) ?? '', {
      ...{ store, env, registry, now },
      // Nothing comes back here: it serves no requests.
      secret: async () => new Uint8Array(32),
      logger: { info: () => {}, warn: tell, error: tell },
      audit: () => {},
      fetching: { signal: new AbortController().signal, behind: () => {} },
    })
    return { registry, find }
  })

  async function* referencesOf(name: string): AsyncGenerator<readonly Reference[]> {
    const { tags } = (await open()).registry
    for (let last: string | undefined; ; ) {
      const { names, more } = await tags.list(name, AT_ONCE, last)
      yield names.map((tag) => ({ tag }))
      if (!more) return
      last = names.at(-1)
    }
  }

  return {
    ...io,
    removeWhole: deletesInStore(io, days).removeWhole,
    document,
    async *repositories() {
      for await (const objects of listPages(store, CATALOG_PREFIX)) {
        yield* objects.map(({ key }) => catalogName(key))
      }
    },
    async *refresh(name, reference) {
      const source = await (await open()).find?.(name, undefined, undefined)
      if (typeof source !== 'object') throw new CommandError(`${name} comes from no upstream`)
      const pages = reference === undefined ? referencesOf(source.name) : [[reference]]
      for await (const page of pages) yield* await refreshAll(source.refresh, page)
    },
    async forget(name) {
      for await (const objects of listPages(store, fetchedPrefix(name))) {
        // The mark stays as long as the catalog's: what is fetched anew is a copy still.
        const keys = objects.map(({ key }) => key).filter((key) => key !== fetchedMarkKey(name))
        await store.delete(keys)
      }
    },
  }
}
