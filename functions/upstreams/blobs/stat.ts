/**
 * Sizes of blobs that are not here, as upstreams say them.
 *
 * @module
 */

import type { Digest } from '../../registry/reference.ts'
import type { AskAt } from '../client/hosts-asked.ts'
import { askedAs } from '../client/via.ts'
import { createFailures } from '../manifests/failures.ts'
import type { Route } from '../route.ts'

/** Asks for the size of a blob in bytes, if the upstream says so. @throws UpstreamError, the same one for a while */
export type StatBlob = (route: Route, digest: Digest) => Promise<number | undefined>

/** Makes what asks. @param now clock in milliseconds since 1970 */
export const createStat = (askAt: AskAt, now: () => number): StatBlob => {
  const failures = createFailures(now)
  return async (route, digest) => {
    const key = `${askedAs(route)}@${digest}`
    const failed = failures.get(key)
    if (failed !== undefined) throw failed
    try {
      return await askAt(route).repository.stat(digest)
    } catch (error) {
      failures.add(key, error as Error)
      throw error
    }
  }
}
