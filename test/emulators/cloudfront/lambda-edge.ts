/**
 * Lambda@Edge for responses of origins: "Lambda@Edge event structure".
 *
 * @module
 */

import { checkHeaders, EdgeFunctionError } from './functions.ts'
import type { Header, Viewer } from './viewer.ts'

type EdgeHeaders = Readonly<Record<string, readonly { readonly key?: string; value: string }[]>>

interface EdgeResponse {
  readonly status: string
  readonly statusDescription: string
  readonly headers: EdgeHeaders
  readonly body?: string
  readonly bodyEncoding?: 'text' | 'base64'
}

/** A function for the event. */
export type OriginResponse = (event: {
  readonly Records: readonly [{ readonly cf: object }]
}) => Promise<unknown>

const edgeHeaders = (headers: readonly Header[]): EdgeHeaders => {
  const all: Record<string, { key: string; value: string }[]> = {}
  for (const [key, value] of headers) {
    all[key] = [...(all[key] ?? []), { key, value }]
  }
  return all
}

/** Calls a function. @returns the response after it; its body only where it has a new one */
export const originResponse = async (
  handler: OriginResponse,
  viewer: Viewer,
  status: number,
  headers: readonly Header[],
): Promise<{ status: number; headers: Header[]; body?: Buffer }> => {
  const response: EdgeResponse = {
    status: String(status),
    statusDescription: 'A status',
    headers: edgeHeaders(headers),
  }
  const { method, ip: clientIp, target } = viewer
  const [uri, querystring = ''] = target.split('?')
  const request = { method, clientIp, uri, querystring, headers: edgeHeaders(viewer.headers) }
  const config = {
    distributionDomainName: 'd111111abcdef8.cloudfront.net',
    distributionId: 'EDFDVBD6EXAMPLE',
    eventType: 'origin-response',
    requestId: '4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ==',
  }
  const event = { Records: [{ cf: { config, request, response } }] } as const
  const given = JSON.parse(JSON.stringify(event))
  const result = JSON.parse(JSON.stringify(await handler(given))) as EdgeResponse
  checkHeaders('origin-response', response.headers, result.headers)
  if (!/^\d{3}$/.test(result.status)) throw new EdgeFunctionError(`the status ${result.status}`)
  const after = Object.entries(result.headers).flatMap(([name, lines]) =>
    lines.map(({ value }): Header => [name, value]),
  )
  if (result.body === undefined) return { status: Number(result.status), headers: after }
  const body = Buffer.from(result.body, result.bodyEncoding === 'base64' ? 'base64' : 'utf8')
  const length: Header = ['content-length', String(body.byteLength)]
  const others = after.filter(([name]) => name !== 'content-length')
  return { status: Number(result.status), headers: [...others, length], body }
}
