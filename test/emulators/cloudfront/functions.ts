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

/** Values by key, of a key-value store. */
export type KeyValues = ReadonlyMap<string, string>

/** "Helper methods for key value stores": `get` "will return an error" for a key that is not there. */
const cloudfront = (values: KeyValues | undefined) => ({
  kvs: () => {
    if (values === undefined) throw new EdgeFunctionError('no key-value store is associated')
    return {
      get: async (key: string): Promise<string> => {
        const value = values.get(key)
        if (value === undefined) throw new Error('KeyNotFound')
        return value
      },
    }
  },
})

/** The only module that there is beside the language's own; the name is for a script what it is for a module. */
const IMPORT = /^import (\w+) from 'cloudfront'$/m

const call = async (code: string, event: object, values?: KeyValues): Promise<unknown> => {
  if (Buffer.byteLength(code) > MAX_FUNCTION) throw new EdgeFunctionError('more than 10 KB')
  // Nothing of Node: the runtime has no network, no files and no environment.
  const context = createContext({ cloudfront: cloudfront(values) })
  try {
    const given = JSON.stringify(event)
    const script = code.replace(IMPORT, 'const $1 = cloudfront')
    const result = await runInContext(`${script}\n;handler(${given})`, context)
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
  const result = (await call(code, event)) as FunctionResponse
  checkHeaders('viewer-response', response.headers, result.headers)
  return pairsOf(result.headers)
}

/**
 * Calls a viewer-request function.
 *
 * @param values of the key-value store that is associated with it
 * @returns the viewer's request after it
 */
export const viewerRequest = async (
  code: string,
  viewer: Viewer,
  values?: KeyValues,
): Promise<Viewer> => {
  const request = requestOf(viewer)
  const event = {
    version: '1.0',
    context: contextOf('viewer-request'),
    viewer: { ip: viewer.ip },
    request,
  }
  const result = (await call(code, event, values)) as FunctionRequest
  checkHeaders('viewer-request', request.headers, result.headers)
  if (result.method !== request.method) throw new EdgeFunctionError('the method is read only')
  const query = pairsOf(result.querystring).map(([name, value]) =>
    value === '' ? name : `${name}=${value}`,
  )
  const target = query.length === 0 ? result.uri : `${result.uri}?${query.join('&')}`
  return { ...viewer, target, headers: pairsOf(result.headers) }
}
