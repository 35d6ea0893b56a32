/**
 * The host that a client says it wants, as mirrors are asked: `?ns=` of containerd, distribution-spec "OCI-Namespace".
 *
 * @module
 */

import type { AppContext } from './env.ts'

export const NAMESPACE_HEADER = 'OCI-Namespace'

/** What a request says of it; undefined where it says nothing. */
export const namespaceIn = (c: AppContext): string | undefined =>
  c.req.query('ns') ?? c.req.header(NAMESPACE_HEADER)
