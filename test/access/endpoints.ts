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
  /** Status for a caller who may, where the repository holds {@link IMAGE}. */
  readonly allowed: number
  readonly more?: Pick<More, 'body' | 'headers'>
  /** The repository that it would also pull from. */
  readonly source?: string
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
  allowed: number,
  more: Endpoint['more'] = {},
): Endpoint => ({ method, target: (name) => `/v2/${name}/${rest}`, action, allowed, more })

/** Endpoints as a caller without an upload's state uses them. None of them changes what others see. */
export const ENDPOINTS: readonly Endpoint[] = [
  at('GET', 'tags/list', 'pull', 200),
  at('HEAD', 'tags/list', 'pull', 200),
  at('GET', `referrers/${IMAGE.sha256}`, 'pull', 200),
  at('HEAD', `referrers/${IMAGE.sha256}`, 'pull', 200),
  at('GET', 'manifests/v1', 'pull', 200),
  at('GET', `manifests/${IMAGE.sha256}`, 'pull', 200),
  at('HEAD', 'manifests/v1', 'pull', 200),
  at('HEAD', `manifests/${IMAGE.sha256}`, 'pull', 200),
  at('GET', `blobs/${CONFIG.sha256}`, 'pull', 200),
  at('HEAD', `blobs/${CONFIG.sha256}`, 'pull', 200),
  at('PUT', 'manifests/v1', 'push', 201, manifest),
  at('PUT', `manifests/${IMAGE.sha256}?tag=v1`, 'push', 201, manifest),
  at('POST', 'blobs/uploads/', 'push', 202),
  at('POST', 'blobs/uploads', 'push', 202),
  at('POST', `blobs/uploads/?digest=${CONFIG.sha256}`, 'push', 201, { body: CONFIG.bytes }),
  {
    ...at('POST', `blobs/uploads/?mount=${CONFIG.sha256}&from=public/a`, 'push', 202),
    source: 'public/a',
  },
  at('GET', `blobs/uploads/${UUID}`, 'push', 404),
  at('HEAD', `blobs/uploads/${UUID}`, 'push', 404),
  at('POST', `blobs/uploads/${UUID}`, 'push', 404, { body: Buffer.from('{}') }),
  at('PATCH', `blobs/uploads/${UUID}`, 'push', 404, { body: Buffer.from('x') }),
  at('PUT', `blobs/uploads/${UUID}?digest=${CONFIG.sha256}`, 'push', 404, { body: CONFIG.bytes }),
  at('DELETE', `blobs/uploads/${UUID}`, 'push', 404),
  at('DELETE', 'manifests/missing', 'delete', 404),
  at('DELETE', `manifests/${MISSING}`, 'delete', 404),
  at('DELETE', `blobs/${MISSING}`, 'delete', 404),
]

/** The scope that a refusal asks for. */
export const scopeOf = (name: string, { action, source }: Endpoint): string =>
  [
    `repository:${name}:${action === 'push' ? 'pull,push' : action}`,
    ...(source === undefined ? [] : [`repository:${source}:pull`]),
  ].join(' ')
