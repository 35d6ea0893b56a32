/**
 * What goes over the wire for each error: status, code, headers, and a body in the form of
 * distribution-spec "Error Codes".
 *
 * @module
 */

import { Hono } from 'hono'
import { requestId } from 'hono/request-id'
import { describe, expect, test } from 'vitest'
import type { AppEnv } from '../../functions/api/env.ts'
import { RequestError, type WireCode, writeError } from '../../functions/api/errors.ts'
import { AccessError } from '../../functions/auth/errors.ts'
import { RegistryError } from '../../functions/registry/errors.ts'
import { StoreError } from '../../functions/storage/errors.ts'

type Row = readonly [error: Error, status: number, code: WireCode, headers?: object]

const ROWS: readonly Row[] = [
  [new RegistryError('BLOB_UNKNOWN', 'm'), 404, 'BLOB_UNKNOWN'],
  [new RegistryError('BLOB_UPLOAD_INVALID', 'm'), 404, 'BLOB_UPLOAD_INVALID'],
  [new RegistryError('BLOB_UPLOAD_UNKNOWN', 'm'), 404, 'BLOB_UPLOAD_UNKNOWN'],
  [new RegistryError('DIGEST_INVALID', 'm'), 400, 'DIGEST_INVALID'],
  [new RegistryError('MANIFEST_BLOB_UNKNOWN', 'm'), 400, 'MANIFEST_BLOB_UNKNOWN'],
  [new RegistryError('MANIFEST_INVALID', 'm'), 400, 'MANIFEST_INVALID'],
  [new RegistryError('MANIFEST_UNKNOWN', 'm'), 404, 'MANIFEST_UNKNOWN'],
  [new RegistryError('NAME_INVALID', 'm'), 400, 'NAME_INVALID'],
  [new RegistryError('NAME_UNKNOWN', 'm'), 404, 'NAME_UNKNOWN'],
  [new RegistryError('RANGE_INVALID', 'm'), 416, 'RANGE_INVALID'],
  [new RegistryError('SIZE_INVALID', 'm'), 400, 'SIZE_INVALID'],
  [new RegistryError('TAG_INVALID', 'm'), 400, 'TAG_INVALID'],
  [new RegistryError('PRECONDITION_FAILED', 'm'), 412, 'PRECONDITION_FAILED'],
  [new RegistryError('BLOB_TOO_LARGE', 'm'), 413, 'SIZE_INVALID'],
  [new RegistryError('BLOB_TOO_LARGE_HERE', 'm'), 413, 'UNSUPPORTED'],
  [new AccessError('UNAUTHORIZED', 'm'), 401, 'UNAUTHORIZED'],
  [
    new AccessError('TOOMANYREQUESTS', 'm', { retryAfter: 7 }),
    429,
    'TOOMANYREQUESTS',
    { 'retry-after': '7' },
  ],
  [new AccessError('UNAVAILABLE', 'm'), 503, 'UNAVAILABLE'],
  [new AccessError('SERVICE_UNKNOWN', 'm'), 400, 'UNSUPPORTED'],
  [new AccessError('TOO_MANY_SCOPES', 'm'), 400, 'UNSUPPORTED'],
  [
    new RequestError('UNAUTHORIZED', 'm', { challenge: 'Basic realm="x"' }),
    401,
    'UNAUTHORIZED',
    { 'www-authenticate': 'Basic realm="x"', 'x-registry-challenge': 'Basic realm="x"' },
  ],
  [new RequestError('DENIED', 'm'), 403, 'DENIED'],
  [new RequestError('PAGINATION_NUMBER_INVALID', 'm'), 400, 'PAGINATION_NUMBER_INVALID'],
  [new RequestError('BODY_TRUNCATED', 'm'), 413, 'UNSUPPORTED'],
  [new RequestError('BODY_TOO_LARGE', 'm'), 413, 'SIZE_INVALID'],
  [new RequestError('BODY_TOO_SLOW', 'm'), 408, 'UNAVAILABLE', { connection: 'close' }],
  [new RequestError('CLIENT_GONE', 'm'), 499, 'UNKNOWN'],
  [new RequestError('STOPPED', 'm'), 503, 'UNAVAILABLE'],
  [new RequestError('ENDPOINT_UNKNOWN', 'm'), 404, 'UNSUPPORTED'],
  [
    new RequestError('METHOD_NOT_ALLOWED', 'm', { allow: 'GET, HEAD' }),
    405,
    'UNSUPPORTED',
    { allow: 'GET, HEAD' },
  ],
  [new RequestError('PARAMETER_INVALID', 'm'), 400, 'UNSUPPORTED'],
  [new RequestError('TOO_MANY_TAGS', 'm'), 414, 'UNSUPPORTED'],
  [new StoreError('range', 'm'), 416, 'RANGE_INVALID'],
  [new StoreError('full', 'm'), 507, 'UNAVAILABLE'],
  [new StoreError('unavailable', 'm'), 503, 'UNAVAILABLE', { 'retry-after': '2' }],
  [new TypeError('m'), 500, 'UNKNOWN'],
]

const respond = (error: Error): Response | Promise<Response> => {
  const app = new Hono<AppEnv>()
  app.use(requestId({ generator: () => 'the-id' }))
  app.get('/', () => {
    throw error
  })
  app.onError(writeError)
  return app.request('/')
}

const errorsIn = async (response: Response): Promise<readonly object[]> =>
  ((await response.json()) as { readonly errors: readonly object[] }).errors

/** The headers that some errors have. */
const OPTIONAL = ['retry-after', 'www-authenticate', 'x-registry-challenge', 'allow', 'connection']

describe('over the wire', () => {
  for (const [error, status, code, headers = {}] of ROWS) {
    const name = 'code' in error ? error.code : 'failure' in error ? error.failure : 'unknown'
    test(`${error.name} ${name} is ${status} ${code}`, async () => {
      const response = await respond(error)
      const errors = await errorsIn(response)
      expect(response.status).toBe(status)
      expect(errors).toMatchObject([{ code, detail: { requestId: 'the-id' } }])
      expect(Object.keys(errors[0] ?? {})).toEqual(['code', 'message', 'detail'])
      const found = OPTIONAL.flatMap((each) => {
        const value = response.headers.get(each)
        return value === null ? [] : [[each, value]]
      })
      expect(Object.fromEntries(found)).toEqual(headers)
    })
  }

  test('message and detail are the error’s', async () => {
    const error = new RegistryError('NAME_UNKNOWN', 'there is no x', { detail: { name: 'x' } })
    const errors = await errorsIn(await respond(error))
    const detail = { name: 'x', requestId: 'the-id' }
    expect(errors).toEqual([{ code: 'NAME_UNKNOWN', message: 'there is no x', detail }])
  })

  for (const error of [new StoreError('unavailable', 'arn:secret'), new TypeError('arn:secret')]) {
    test(`nothing of a ${error.name} leaks`, async () => {
      expect(await (await respond(error)).text()).not.toContain('secret')
    })
  }
})
