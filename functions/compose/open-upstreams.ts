/**
 * The document of upstreams as it is at the moment.
 *
 * @module
 */

import type { FindSource, Upstreams } from '../api/upstream-port.ts'
import { UPSTREAMS_KEY } from '../registry/layout.ts'
import { openDocument } from './open-document.ts'
import type { UpstreamsOptions } from './pull-through.ts'

/** What the document says. */
interface InForce {
  /** Undefined where there is no document, or no upstream in it. */
  readonly find: FindSource | undefined
}

/** Upstreams that follow their document: a pull from a registry without any does not even ask. */
export interface LiveUpstreams extends Upstreams {
  /** Looks whether the document has changed, at most every 20 seconds. Never throws. */
  look(): Promise<void>
}

/**
 * Follows the document of upstreams, as often as it is told to look. While it has never been read, what is here is served,
 * and nothing can be pushed: see unread-upstreams.ts.
 */
export const openUpstreams = (options: UpstreamsOptions): LiveUpstreams => {
  const { store, logger, audit, now = Date.now } = options
  const called = {
    key: UPSTREAMS_KEY,
    name: 'upstreams',
    unread: 'the upstreams cannot be read at the moment',
    unreadable: 'what is here is served, nothing is fetched, and nothing can be pushed',
  }
  const inForce = openDocument(
    { store, logger, audit, now },
    called,
    async (text): Promise<InForce> => {
      if (text === undefined) return { find: undefined }
      // Loaded only if there is a document: most registries have none.
      const { createPullThrough } = await import('./pull-through.ts')
      return { find: createPullThrough(text, { ...options, now }) }
    },
  )
  const first: FindSource = async (name, namespace, via) => {
    let find: FindSource | undefined
    try {
      find = (await inForce()).find
    } catch (error) {
      // Nobody knows what the name is called here.
      if (namespace !== undefined) throw error
      const { unreadSource } = await import('./unread-upstreams.ts')
      return unreadSource(options.registry, name, error)
    }
    return (await find?.(name, namespace, via)) ?? 'own'
  }
  const live = {
    find: first as FindSource | undefined,
    async look() {
      try {
        live.find = (await inForce()).find
      } catch {
        // It has been reported, and who pulls is told.
      }
    },
  }
  return live
}
