/**
 * A request as CloudFront has it from a viewer.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'

export type Header = readonly [name: string, value: string]

export interface Viewer {
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  /** Lower-case names; several lines of one name are several entries. */
  readonly headers: readonly Header[]
  readonly hasBody: boolean
  readonly ip: string
}

/** Splits path and query, without the `?`. */
export const splitTarget = (target: string): readonly [path: string, query: string] => {
  const cut = target.indexOf('?')
  return cut < 0 ? [target, ''] : [target.slice(0, cut), target.slice(cut + 1)]
}

/** Reads what came over the wire. */
export const viewerOf = (incoming: IncomingMessage): Viewer => {
  const { method = '', url: target = '', headersDistinct, headers, socket } = incoming
  const lines = Object.entries(headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): Header => [name, value]),
  )
  const hasBody =
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  return { method, target, headers: lines, hasBody, ip: socket.remoteAddress ?? '' }
}
