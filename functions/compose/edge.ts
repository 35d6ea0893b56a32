/**
 * What the registry shares with the CDN in front of it.
 *
 * @module
 */

import { createHmac } from 'node:crypto'
import type { Edge } from '../api/env.ts'
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

/** The path of a presigned URL, without the bucket where that is part of it. */
const pathOf = ({ pathname }: URL, inPath: boolean): string =>
  inPath ? pathname.replace(/^\/[^/]+/, '') : pathname

/**
 * What the settings say of the edge, if there is one.
 *
 * @param root see {@link edgeSecret}
 * @param bucketInPath whether the bucket is in the path of presigned URLs; the edge adds it then
 */
export const openEdge = (
  settings: Settings,
  root: () => Promise<Uint8Array>,
  bucketInPath: boolean,
): Edge | undefined => {
  const { edge, 'edge-secrets': names, 'public-url': publicUrl } = settings
  if (edge === 'off' || publicUrl === undefined) return undefined
  return {
    open: edge === 'open',
    secrets: async () => {
      const bytes = await root()
      return names.map((name) => edgeSecret(bytes, name))
    },
    // The edge passes the query on with the bucket's own Host, for which it was signed.
    urlOf: (presigned) => {
      const url = new URL(presigned)
      return new URL(publicUrl).origin + pathOf(url, bucketInPath) + url.search
    },
  }
}
