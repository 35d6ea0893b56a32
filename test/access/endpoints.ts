/**
 * Every endpoint of a repository, and what it takes to use it.
 *
 * @module
 */

import type { Action } from '../../functions/auth/access.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { CONFIG, imageOf } from '../support/hosts/content.ts'
import type { More } from './rig.ts'

export interface Endpoint {
  readonly method: string
  /** Path and query. */
  readonly target: (name: string) => string
  readonly action: Action
  readonly more?: Pick<More, 'body' | 'headers'>
}

/** An image of {@link CONFIG} alone, under the tag `v1`. */
export const IMAGE = imageOf()
const MISSING = `sha256:${'0'.repeat(64)}`
const UUID = '7d3f2a52-6f7b-4b5c-9a90-2f4a5a3f8c11'

const manifest = { body: IMAGE.bytes, headers: { 'Content-Type': OCI_MANIFEST } }

const at = (
  method: string,
  rest: string,
  action: Action,
  more: Endpoint['more'] = {},
): Endpoint => ({ method, target: (name) => `/v2/${name}/${rest}`, action, more })

/** Endpoints as a caller without an upload's state uses them. None of them changes what others see. */
export const ENDPOINTS: readonly Endpoint[] = [
  at('GET', 'tags/list', 'pull'),
  at('HEAD', 'tags/list', 'pull'),
  at('GET', `referrers/${IMAGE.sha256}`, 'pull'),
  at('HEAD', `referrers/${IMAGE.sha256}`, 'pull'),
  at('GET', 'manifests/v1', 'pull'),
  at('GET', `manifests/${IMAGE.sha256}`, 'pull'),
  at('HEAD', 'manifests/v1', 'pull'),
  at('HEAD', `manifests/${IMAGE.sha256}`, 'pull'),
  at('GET', `blobs/${CONFIG.sha256}`, 'pull'),
  at('HEAD', `blobs/${CONFIG.sha256}`, 'pull'),
  at('PUT', 'manifests/v1', 'push', manifest),
  at('PUT', `manifests/${IMAGE.sha256}?tag=v1`, 'push', manifest),
  at('POST', 'blobs/uploads/', 'push'),
  at('POST', 'blobs/uploads', 'push'),
  at('POST', `blobs/uploads/?digest=${CONFIG.sha256}`, 'push', { body: CONFIG.bytes }),
  at('POST', `blobs/uploads/?mount=${CONFIG.sha256}&from=public/a`, 'push'),
  at('GET', `blobs/uploads/${UUID}`, 'push'),
  at('HEAD', `blobs/uploads/${UUID}`, 'push'),
  at('PATCH', `blobs/uploads/${UUID}`, 'push', { body: Buffer.from('x') }),
  at('PUT', `blobs/uploads/${UUID}?digest=${CONFIG.sha256}`, 'push', { body: CONFIG.bytes }),
  at('DELETE', `blobs/uploads/${UUID}`, 'push'),
  at('DELETE', 'manifests/missing', 'delete'),
  at('DELETE', `manifests/${MISSING}`, 'delete'),
  at('DELETE', `blobs/${MISSING}`, 'delete'),
]

/** The scope that a refusal asks for. */
export const scopeOf = (name: string, action: Action): string =>
  `repository:${name}:${action === 'push' ? 'pull,push' : action}`
