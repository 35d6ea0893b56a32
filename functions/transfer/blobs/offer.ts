/**
 * What a registry offers to take in parts: see docs/push.md.
 *
 * @module
 */

import type { Reply } from '../registry/http.ts'

/** How large blobs may be in parts: in one, and in several if the registry says. */
export interface Offer {
  readonly one: number
  readonly several: number | undefined
}

/** What a registry offers in its response to POST. */
export const offerIn = ({ headers }: Reply): Offer | undefined => {
  const [word, ...parameters] = String(headers['slipway-upload'] ?? '').split(/\s*;\s*/)
  if (word !== 'parts') return undefined
  const values = new Map(parameters.map((each) => each.split('=') as [string, string]))
  const several = values.get('several')
  return {
    one: Number(values.get('one') ?? 0),
    several: several === undefined ? undefined : Number(several),
  }
}
