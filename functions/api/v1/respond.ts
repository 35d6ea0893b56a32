/**
 * Responses of the first API, as docker-registry 0.9.1 sends them.
 *
 * @module
 */

import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { V1Error, type V1ErrorCode } from '../../v1/errors.ts'
import type { AppContext } from '../env.ts'
import { writeError } from '../errors.ts'
import type { Allowed } from './access.ts'

const STATUS: Readonly<Record<V1ErrorCode, ContentfulStatusCode>> = {
  V1_INVALID: 400,
  V1_UNKNOWN: 404,
  V1_EXISTS: 409,
  V1_TOO_OLD: 412,
}

/** A response in JSON that nobody keeps. */
export const sendJson = (
  c: AppContext,
  value: unknown,
  status: ContentfulStatusCode = 200,
): Response =>
  c.body(JSON.stringify(value), status, {
    'Cache-Control': 'no-cache',
    'Content-Type': 'application/json',
  })

/** What an image says never changes, but it is another one in another repository, which the path does not tell. */
export const keepForever = (c: AppContext, { isPublic }: Pick<Allowed, 'isPublic'>): void => {
  c.header('Cache-Control', `${isPublic ? 'public' : 'private'}, max-age=31536000`)
  c.header('Vary', 'Authorization, Cookie', { append: true })
}

/** An error that clients of then can read: they print the body, and compare `error`. */
const sendError = async (c: AppContext, thrown: unknown): Promise<Response> => {
  if (thrown instanceof V1Error) {
    c.set('failure', thrown)
    return sendJson(c, { error: thrown.message }, STATUS[thrown.code])
  }
  const response = writeError(thrown, c)
  const body = (await response.json()) as { readonly errors: readonly { message: string }[] }
  const { status } = response
  const headers = new Headers(response.headers)
  headers.delete('Content-Length')
  headers.set('Cache-Control', 'no-cache')
  return c.body(
    JSON.stringify({ error: body.errors[0]?.message, ...body }),
    status as ContentfulStatusCode,
    Object.fromEntries(headers),
  )
}

/** A handler whose failures are sent as the first API has them. */
export const guarded =
  (handler: (c: AppContext) => Promise<Response>) =>
  async (c: AppContext): Promise<Response> => {
    try {
      return await handler(c)
    } catch (error) {
      return sendError(c, error)
    }
  }
