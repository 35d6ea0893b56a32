/**
 * `slipway policy publish` and `unpublish`: which repositories an edge takes for public.
 *
 * @module
 */

import { editDocument } from '../../auth/document.ts'
import { DENY_ALL } from '../../auth/policy/policy.ts'
import { EdgeCacheError } from '../../compose/errors.ts'
import { EDGE_CACHE_KEY } from '../../registry/layout.ts'
import type { StoreIo } from '../command.ts'
import { CommandError, UsageError } from '../errors.ts'
import { currentPolicy, keepInStep, readPlace } from '../keep-in-step.ts'

interface Given {
  readonly flags: {
    readonly 'edge-list': string | undefined
    readonly distribution: string | undefined
  }
}

const KEY_VALUE_STORE = /^arn:aws[a-z-]*:cloudfront::\d{12}:key-value-store\/[\w-]+$/
const DISTRIBUTION = /^E[A-Z0-9]+$/

/** `slipway policy publish`. */
export const publishPolicy = async (io: StoreIo, { flags }: Given): Promise<void> => {
  const { 'edge-list': keyValueStore, distribution } = flags
  if ((keyValueStore === undefined) !== (distribution === undefined)) {
    throw new UsageError('--edge-list and --distribution go together: give both or neither')
  }
  if (keyValueStore !== undefined && distribution !== undefined) {
    if (!KEY_VALUE_STORE.test(keyValueStore)) {
      throw new UsageError(`--edge-list is ${keyValueStore}: expected the ARN of a key-value store`)
    }
    if (!DISTRIBUTION.test(distribution)) {
      throw new UsageError(`--distribution is ${distribution}: expected an id, as E2QWRUHAPOMQZL`)
    }
    const text = JSON.stringify({ keyValueStore, distribution })
    await editDocument(io.store, EDGE_CACHE_KEY, () => text)
  } else if ((await readPlace(io.store)) === undefined) {
    throw new CommandError(
      'no edge keeps anything of this registry: the first time, give both flags',
    )
  }
  await keepInStep(io, await currentPolicy(io.store), async () => false)
}

/** `slipway policy unpublish`. */
export const unpublishPolicy = async (io: StoreIo): Promise<void> => {
  if ((await readPlace(io.store)) === undefined) {
    throw new CommandError('no edge keeps anything of this registry')
  }
  try {
    await keepInStep(io, DENY_ALL, async () => false)
  } catch (error) {
    // With the stack that had it, the list is gone, too.
    if (!(error instanceof EdgeCacheError) || error.status !== 404) throw error
  }
  await io.store.delete([EDGE_CACHE_KEY])
}
