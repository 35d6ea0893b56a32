/**
 * Requests of the admin API, from their path to a response.
 *
 * @module
 */

import { AccountError } from '../../auth/accounts/administer/errors.ts'
import { type Caller, openAuthorizer } from '../../auth/authorizer.ts'
import { nameOf } from '../../auth/identity.ts'
import { parseName } from '../../registry/reference.ts'
import { DocumentError } from '../../shared/errors.ts'
import type { z } from '../../shared/schema.ts'
import { readBody } from '../body.ts'
import type { AdminDesk, AppContext, AppOptions } from '../env.ts'
import { RequestError } from '../errors.ts'
import { addressOf, permitAdmin } from '../middleware/permit.ts'
import { type Operation, patternOf, type Request } from './operation.ts'
import { OPERATIONS } from './operations.ts'

/** Most bytes of a request's body. */
export const MAX_BODY = 1024 * 1024

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    // It is refused as whatever it is meant to be.
    return text
  }
}

const wrong = (message: string, cause?: unknown): RequestError =>
  new RequestError('PARAMETER_INVALID', message, { cause })

const readText = async (c: AppContext, { registry }: AppOptions): Promise<string> => {
  const bytes = await readBody(c, registry.memory, { what: 'body', limit: MAX_BODY })
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw wrong('the body is not UTF-8', cause)
  }
}

/** Forms of other sites' pages can send no JSON, so that browsers which know a password are no help to them. */
const mustBeJson = (c: AppContext): void => {
  const type = c.req.header('Content-Type') ?? ''
  if (/^application\/json *(?:;|$)/i.test(type)) return
  throw new RequestError(
    'MEDIA_TYPE',
    'the body must be JSON: expected Content-Type application/json',
  )
}

const readJson = async <T>(
  c: AppContext,
  options: AppOptions,
  schema: z.ZodMiniType<T>,
): Promise<T> => {
  mustBeJson(c)
  let json: unknown
  try {
    json = JSON.parse(await readText(c, options))
  } catch (cause) {
    if (cause instanceof RequestError) throw cause
    // What JSON.parse says quotes the body, in which there may be a password.
    throw wrong('the body is not JSON')
  }
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const place = issue?.path.join('.') || 'the body'
  throw wrong(`${place}: ${issue?.message}`)
}

/** What a client is told of a failure below this layer. */
const ofClient = (error: unknown): unknown => {
  // What a request brings is checked by itself: this is what is stored.
  if (error instanceof DocumentError)
    return new RequestError('CONFLICT', error.message, { cause: error })
  if (!(error instanceof AccountError)) return error
  const codes = { INVALID: 'PARAMETER_INVALID', ABSENT: 'ABSENT', PRESENT: 'CONFLICT' } as const
  return new RequestError(codes[error.code], error.message, { cause: error })
}

/** Whom an operation is open to. @throws RequestError UNAUTHORIZED, DENIED */
const admitted = async (
  c: AppContext,
  { right }: Operation,
  path: Request['path'],
): Promise<Caller> => {
  if (right === 'nothing' || right === 'itself')
    return openAuthorizer.identify({ authorization: undefined, address: '' })
  if (right === 'name') return permitAdmin(c, { name: parseName(path.name ?? '') })
  return permitAdmin(c, right === 'body' ? 'some' : right)
}

/** Responds to requests of the admin API; the responder returns undefined for a path that it does not know. */
export const createResponder = (
  desk: AdminDesk,
  options: AppOptions,
): ((c: AppContext) => Promise<Response | undefined>) => {
  const table = OPERATIONS.map((operation) => ({ operation, pattern: patternOf(operation) }))

  const serve = async (
    c: AppContext,
    operation: Operation,
    path: Request['path'],
  ): Promise<Response> => {
    c.header('Cache-Control', 'no-store')
    const caller = await admitted(c, operation, path)
    try {
      return await operation.run({
        c,
        desk,
        options,
        caller,
        path,
        json: (schema) => readJson(c, options, schema),
        text: () => readText(c, options),
        changed: (what) =>
          c.get('audit')({
            event: 'admin',
            who: nameOf(caller.identity),
            what,
            from: addressOf(c),
            outcome: 'ok',
            requestId: c.get('requestId'),
          }),
      })
    } catch (error) {
      throw ofClient(error)
    }
  }

  return async (c) => {
    const found = table.flatMap(({ operation, pattern }) => {
      const match = pattern.exec(c.req.path)
      return match === null ? [] : [{ operation, groups: match.groups ?? {} }]
    })
    const [first] = found
    if (first === undefined) return undefined
    const method = c.req.method === 'HEAD' ? 'GET' : c.req.method
    const fitting = found.find(({ operation }) => operation.method === method)
    if (fitting === undefined) {
      const methods = found.flatMap(({ operation }) =>
        operation.method === 'GET' ? ['GET', 'HEAD'] : [operation.method],
      )
      const allow = methods.join(', ')
      const message = `${c.req.method} is not allowed here, only ${allow}`
      throw new RequestError('METHOD_NOT_ALLOWED', message, { allow })
    }
    const path = Object.entries(fitting.groups).map(([name, text]) => [name, decoded(text)])
    return serve(c, fitting.operation, Object.fromEntries(path))
  }
}
