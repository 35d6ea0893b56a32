/**
 * Looks around in a registry: what the page shows, and what the requests of the same kind give. Remembers what it has
 * seen. Loaded by the first of them.
 *
 * @module
 */

import type { Reference } from '../registry/reference.ts'
import type { Registry } from '../registry/registry.ts'
import type { ObjectStore } from '../storage/store.ts'
import { type DeletePreview, deletePreview } from './delete-preview.ts'
import { listingFirst } from './first-thousand.ts'
import { shownImage } from './image.ts'
import { createNames, type Names } from './names.ts'
import { createPulled } from './pulled.ts'
import { createPushers } from './pushers.ts'
import { createFacts, type FactsOf } from './repository-facts.ts'
import { createSignatures } from './signatures.ts'
import { createSizes, type Sizes } from './sizes.ts'
import { createSummaries } from './summary.ts'
import { type ShownTags, shownTags, type TagsWanted } from './tags.ts'
import { createTargets } from './targets.ts'

/** What can be looked at. */
export interface Browser {
  readonly names: Names
  readonly sizes: Sizes
  readonly facts: FactsOf
  /** See {@link shownTags}. */
  tags(name: string, wanted: TagsWanted): Promise<ShownTags>
  /** See {@link shownImage}. */
  image(name: string, reference: Reference): Promise<object>
  /** See {@link deletePreview}. */
  goes(name: string, reference: Reference | undefined): Promise<DeletePreview>
}

/** Opens one; nothing is read yet. @param now clock in milliseconds */
export const openBrowser = (
  store: ObjectStore,
  registry: Registry,
  now: () => number = Date.now,
): Browser => {
  const pushers = createPushers(store)
  const first = listingFirst(store, now)
  const parts = {
    store,
    registry,
    targets: createTargets(store, registry.tags, pushers),
    summaries: createSummaries(registry.manifests),
    pushers,
    pulled: createPulled(store, first, now),
    signed: createSignatures(store, first),
  }
  return {
    names: createNames(registry.catalog, now),
    sizes: createSizes(store, now),
    facts: createFacts(store, now),
    tags: (name, wanted) => shownTags(parts, name, wanted),
    image: (name, reference) => shownImage(registry, name, reference),
    goes: (name, reference) => deletePreview(parts, name, reference),
  }
}
