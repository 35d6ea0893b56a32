/**
 * What the registry shares with the CDN in front of it.
 *
 * @module
 */

import { createHmac } from 'node:crypto'
import type { Edge } from '../api/env.ts'
import { once } from '../shared/once.ts'
import { readAwsNetworks } from './aws-networks.ts'
import { edgeKey } from './edge-key.ts'
import type { Settings } from './settings.ts'

/**
 * A secret that the edge shows to its origins. It is derived from the one that seals upload states, so
 * that it is kept nowhere, and reveals nothing about that or about secrets of other names.
 *
 * @param root the 32 bytes of `openUploadSecret`
 * @param name one of the setting `edge-secrets`
 */
export const edgeSecret = (root: Uint8Array, name: string): string =>
  createHmac('sha256', root).update(`slipway edge 1 ${name}`).digest('base64url')

/** What of a presigned URL the edge needs: the key's path, and the type that S3 shall answer. */
const pathOf = (presigned: string, bucketInPath: boolean): string => {
  const { pathname, searchParams } = new URL(presigned)
  const path = bucketInPath ? pathname.replace(/^\/[^/]+/, '') : pathname
  const type = searchParams.get('response-content-type')
  return type === null ? path : `${path}?response-content-type=${encodeURIComponent(type)}`
}

/**
 * Signs URLs at the edge for what presigned ones are for.
 *
 * The last name's key signs: while secrets are changed, the edge has long known that one.
 */
const openUrls = (
  settings: Settings,
  root: () => Promise<Uint8Array>,
  bucketInPath: boolean,
  now: () => number,
): Edge['urlOf'] | undefined => {
  const { 'edge-key-id': id, 'edge-secrets': names, 'public-url': publicUrl } = settings
  if (id === undefined || publicUrl === undefined) return undefined
  const { origin } = new URL(publicUrl)
  const signer = once(async () => {
    // Loaded only where it is used.
    const { createUrlSigner } = await import('./aws/edge-urls.ts')
    return createUrlSigner(id, edgeKey(await root(), names.at(-1) ?? ''))
  })
  return async (presigned, expiresIn) => {
    const sign = await signer()
    return sign(origin + pathOf(presigned, bucketInPath), now() + expiresIn * 1000)
  }
}

/**
 * What the settings say of the edge, if there is one.
 *
 * @param root see {@link edgeSecret}
 * @param bucketInPath whether the bucket is in the path of presigned URLs; it is not in the edge's
 * @param now clock in milliseconds
 * @throws SettingsError when the file with AWS's networks cannot be used
 */
export const openEdge = async (
  settings: Settings,
  root: () => Promise<Uint8Array>,
  bucketInPath: boolean,
  now: () => number = Date.now,
): Promise<Edge | undefined> => {
  const {
    edge,
    blobs,
    'edge-secrets': names,
    'edge-cache': tagAge,
    'aws-networks': file,
  } = settings
  if (edge === 'off') return undefined
  return {
    open: edge === 'open',
    secrets: async () => {
      const bytes = await root()
      return names.map((name) => edgeSecret(bytes, name))
    },
    urlOf: openUrls(settings, root, bucketInPath, now),
    blobs: blobs === 'cloudfront',
    tagAge,
    inside: file === undefined ? undefined : await readAwsNetworks(file),
  }
}
