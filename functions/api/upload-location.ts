/**
 * The host that the Location of an upload names.
 *
 * @module
 */

import type { AppContext, AppOptions } from './env.ts'
import { warning } from './responses.ts'
import { locationHabit } from './upload-clients.ts'

/** Settings that say where uploads go. */
type Origins = Pick<AppOptions, 'uploadOrigin' | 'publicUrl' | 'bodyLimit'>

const originOf = (url: string): string => new URL(url).origin

/**
 * The scheme and host to put before the path of an upload; empty for a relative Location.
 *
 * - On the upload origin, for clients that are known to follow, if the sealed state alone lets them go on:
 *   they send no credentials to another host.
 * - On the public URL, for clients that no row of the table names: some resolve no relative Location, and
 *   those that refuse another host find their own.
 * - Otherwise relative, which every client in the table resolves.
 *
 * @param selfContained whether the state needs no credentials beside it
 */
export const uploadOriginFor = (
  userAgent: string | undefined,
  { uploadOrigin, publicUrl }: Origins,
  selfContained: boolean,
): string => {
  const habit = locationHabit(userAgent)
  if (habit === 'follows' && uploadOrigin !== undefined && selfContained) {
    return originOf(uploadOrigin)
  }
  return habit === undefined && publicUrl !== undefined ? originOf(publicUrl) : ''
}

/**
 * Sets the Location of an upload. A client that stays on a host with a limit is told, in a Warning
 * (distribution-spec "Warnings"), where larger layers go: what a gateway says of them cannot be changed.
 *
 * @param path with the query
 */
export const setUploadLocation = (
  c: AppContext,
  origins: Origins,
  path: string,
  selfContained: boolean,
): void => {
  const { uploadOrigin, bodyLimit } = origins
  const origin = uploadOriginFor(c.req.header('User-Agent'), origins, selfContained)
  c.header('Location', `${origin}${path}`)
  if (bodyLimit === undefined || uploadOrigin === undefined) return
  if (origin === originOf(uploadOrigin)) return
  c.header('Warning', warning(`layers over ${bodyLimit.bytes} bytes: ${bodyLimit.instead}`))
}
