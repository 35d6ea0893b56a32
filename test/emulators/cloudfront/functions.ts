/**
 * The real source of CloudFront Functions, called with the events that AWS documents: "CloudFront
 * Functions event structure".
 *
 * @module
 */

import { createContext, runInContext } from 'node:vm'
import { type Header, splitTarget, type Viewer } from './viewer.ts'

/** Bytes: "Quotas on CloudFront Functions". */
export const MAX_FUNCTION = 10 * 1024

/** A function did what it may not, or failed; CloudFront answers 502 or 503. */
export class EdgeFunctionError extends Error {
  override readonly name = 'EdgeFunctionError'
}

/** "Restrictions on all edge functions": headers that none may add, change or remove. */
const FORBIDDEN =
  /^(?:connection|expect|keep-alive|proxy-.*|trailer|upgrade|x-accel-.*|x-amz-cf-.*|x-amzn-(?:auth|cf-.*|errortype|fle-profile|header-count|header-order|lambda-integration-tag|requestid)|x-cache|x-edge-.*|x-forwarded-proto|x-real-ip)$/

/** The same: headers that can be read only, by event. */
const READ_ONLY: Readonly<Record<string, RegExp>> = {
  'viewer-request': /^(?:content-length|host|transfer-encoding|via)$/,
  'viewer-response': /^(?:content-length|content-encoding|transfer-encoding|warning|via)$/,
  'origin-response': /^(?:transfer-encoding|via)$/,
}

/** @throws EdgeFunctionError when headers were changed that may not be */
export const checkHeaders = (
  event: string,
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): void => {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (name !== name.toLowerCase()) throw new EdgeFunctionError(`${name} is not in lower case`)
    if (JSON.stringify(before[name]) === JSON.stringify(after[name])) continue
    if (FORBIDDEN.test(name) || READ_ONLY[event]?.test(name)) {
      throw new EdgeFunctionError(`${event} may not change ${name}`)
    }
  }
}

interface Value {
  readonly value: string
  readonly multiValue?: readonly { readonly value: string }[]
}
type Values = Readonly<Record<string, Value>>

interface FunctionRequest {
  readonly method: string
  readonly uri: string
  readonly querystring: Values
  readonly headers: Values
  readonly cookies: Values
}

interface FunctionResponse {
  readonly statusCode: number
  readonly statusDescription?: string
  readonly headers: Values
  readonly cookies: Values
}

/** Values by name, the later ones of a name in `multiValue`. */
const valuesOf = (pairs: readonly Header[]): Values => {
  const values: Record<string, Value> = {}
  for (const [name, value] of pairs) {
    const { multiValue = values[name] ? [values[name]] : undefined } = values[name] ?? {}
    values[name] = multiValue ? { value, multiValue: [...multiValue, { value }] } : { value }
  }
  return values
}

const pairsOf = (values: Values): Header[] =>
  Object.entries(values).flatMap(([name, { value, multiValue }]) =>
    (multiValue ?? [{ value }]).map((each): Header => [name, each.value]),
  )

const requestOf = ({ method, target, headers }: Viewer): FunctionRequest => {
  const [uri, query] = splitTarget(target)
  const pairs = query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair): Header => {
      const [name = '', ...value] = pair.split('=')
      return [name, value.join('=')]
    })
  return { method, uri, querystring: valuesOf(pairs), headers: valuesOf(headers), cookies: {} }
}

const call = async (code: string, event: object, globals: object): Promise<unknown> => {
  if (Buffer.byteLength(code) > MAX_FUNCTION) throw new EdgeFunctionError('more than 10 KB')
  // Nothing of Node: the runtime has no network, no files and no environment.
  const context = createContext({ ...globals })
  try {
    const given = JSON.stringify(event)
    const result = await runInContext(`${code}\n;handler(${given})`, context)
    return JSON.parse(JSON.stringify(result))
  } catch (cause) {
    throw new EdgeFunctionError(`the function failed: ${cause}`, { cause })
  }
}

const contextOf = (eventType: string) => ({
  distributionDomainName: 'd111111abcdef8.cloudfront.net',
  distributionId: 'EDFDVBD6EXAMPLE',
  eventType,
  requestId: 'EXAMPLEntjQpEXAMPLE_SG5Z-EXAMPLEPmPfEXAMPLEu3EqEXAMPLE==',
})

/**
 * Calls a viewer-response function.
 *
 * @returns the headers of the response after it
 */
export const viewerResponse = async (
  code: string,
  viewer: Viewer,
  status: number,
  headers: readonly Header[],
): Promise<Header[]> => {
  const response: FunctionResponse = {
    statusCode: status,
    headers: valuesOf(headers),
    cookies: {},
  }
  const event = {
    version: '1.0',
    context: contextOf('viewer-response'),
    viewer: { ip: viewer.ip },
    request: requestOf(viewer),
    response,
  }
  const result = (await call(code, event, {})) as FunctionResponse
  checkHeaders('viewer-response', response.headers, result.headers)
  return pairsOf(result.headers)
}

/** Calls a viewer-request function. @returns the viewer's request after it */
export const viewerRequest = async (
  code: string,
  viewer: Viewer,
  globals: object,
): Promise<Viewer> => {
  const request = requestOf(viewer)
  const event = {
    version: '1.0',
    context: contextOf('viewer-request'),
    viewer: { ip: viewer.ip },
    request,
  }
  const result = (await call(code, event, globals)) as FunctionRequest
  checkHeaders('viewer-request', request.headers, result.headers)
  if (result.method !== request.method) throw new EdgeFunctionError('the method is read only')
  const query = pairsOf(result.querystring).map(([name, value]) =>
    value === '' ? name : `${name}=${value}`,
  )
  const target = query.length === 0 ? result.uri : `${result.uri}?${query.join('&')}`
  return { ...viewer, target, headers: pairsOf(result.headers) }
}
