/**
 * What the registry's functions are told of an edge before them.
 *
 * @module
 */

import type { EdgeKeys } from './edge-keys.ts'
import type { RegistryEdge } from './registry-props.ts'

/** Settings, by their variables; none where there is no edge. */
export const edgeSettings = (
  edge: RegistryEdge | undefined,
  urlKeys: EdgeKeys | undefined,
): Readonly<Record<string, string>> =>
  edge === undefined || urlKeys === undefined
    ? {}
    : {
        SLIPWAY_EDGE: edge.state === 'on' ? 'on' : 'open',
        SLIPWAY_EDGE_SECRETS: (edge.secrets ?? ['1']).join(),
        SLIPWAY_EDGE_KEY_ID: urlKeys.signing,
        ...(edge.blobs === 'cloudfront' && { SLIPWAY_BLOBS: 'cloudfront' }),
        ...(edge.tagAge !== undefined && { SLIPWAY_EDGE_CACHE: `${edge.tagAge}s` }),
      }
