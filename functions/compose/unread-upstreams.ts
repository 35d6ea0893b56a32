/**
 * Repositories while nobody knows which upstreams there are, since their document has never been read: it is invalid, or
 * the store does not give it.
 *
 * What is here is served as it is. What is not may be an upstream's: it is 503, and not 404, which clients remember. So
 * are pushes: a name might be somebody else's.
 *
 * @module
 */

import type { PulledThrough } from '../api/upstream-port.ts'
import { RegistryError } from '../registry/errors.ts'
import type { Registry } from '../registry/registry.ts'

const isUnknown = (error: unknown): boolean =>
  error instanceof RegistryError &&
  (error.code === 'MANIFEST_UNKNOWN' || error.code === 'NAME_UNKNOWN')

/** A repository. @param unread what clients are told of what is not here */
export const unreadSource = (
  { manifests }: Pick<Registry, 'manifests'>,
  name: string,
  unread: unknown,
): PulledThrough => {
  const refuse = async (): Promise<never> => {
    throw unread
  }
  return {
    name,
    unread,
    host: 'its upstream',
    upstream: 'unread',
    again: false,
    streams: true,
    async manifest(reference) {
      try {
        const digest = await manifests.resolve(name, reference)
        await manifests.get(name, digest)
        return { digest }
      } catch (error) {
        throw isUnknown(error) ? unread : error
      }
    },
    served: () => {},
    refresh: refuse,
    tags: refuse,
    referrers: refuse,
    stat: refuse,
    blob: refuse,
  }
}
