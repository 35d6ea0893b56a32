/**
 * The OpenAPI document of the admin API, made of the table of operations. It is made when the project is built, not when it
 * runs: what makes JSON schemas would slow down each start of a function, whether anybody asks for them or not.
 *
 * @module
 */

import type { Content, Operation, Parameter } from '../functions/api/admin/operation.ts'
import { OPERATIONS } from '../functions/api/admin/operations.ts'
import * as z from '../functions/shared/schema.ts'

/** What an error says, in the form of distribution-spec "Error Codes". */
const errors = z.object({
  errors: z.array(
    z.object({
      code: z.string(),
      message: z.string(),
      detail: z.optional(z.record(z.string(), z.unknown())),
    }),
  ),
})

/** Statuses that any operation may have, in words. */
const ERRORS: Readonly<Record<number, string>> = {
  400: 'A parameter or the body is not valid; the message says why.',
  401: 'Credentials are missing, or are not enough: see WWW-Authenticate.',
  403: 'The caller has no right to it.',
  404: 'There is nothing of this name.',
  405: 'This registry is read-only.',
  408: 'The body stood still.',
  409: 'The state of the registry does not allow it; the message says why.',
  412: 'It is not as the request demands: it was changed meanwhile.',
  413: 'The body is too large.',
  415: 'The body is of another media type.',
  428: 'The request must have If-Match or If-None-Match.',
  429: 'Too many log-ins.',
  500: 'The registry failed.',
  503: 'The store does not respond, or the server stops: try again.',
  507: 'The store is full.',
}

const ALWAYS = [400, 401, 403, 409, 429, 500, 503]
const OF_WRITES = [405, 408, 413, 507]

const jsonSchema = (schema: z.ZodMiniType, io: 'input' | 'output'): object => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    // Limits of JavaScript's numbers are none of the API.
    override({ jsonSchema: made }) {
      if (made.maximum === Number.MAX_SAFE_INTEGER) delete made.maximum
      if (made.minimum === Number.MIN_SAFE_INTEGER) delete made.minimum
    },
  })
  return rest
}

const contentOf = (content: Content, io: 'input' | 'output'): object =>
  Object.fromEntries(
    Object.entries(content).map(([type, schema]) => [type, { schema: jsonSchema(schema, io) }]),
  )

const parameterOf = ([name, parameter]: [string, Parameter]): object => ({
  name,
  in: parameter.in,
  description: parameter.description,
  required: parameter.in === 'path' || parameter.required === true,
  schema: jsonSchema(parameter.schema, 'input'),
})

const failure = ([status, description]: [string, string]): [string, object] => [
  status,
  {
    description,
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Errors' } } },
  },
]

/** The statuses of an operation's errors. */
export const errorsOf = ({ right, method, errors: own = [] }: Operation): readonly number[] => {
  if (right === 'nothing') return [500]
  return [...new Set([...ALWAYS, ...(method === 'GET' ? [] : OF_WRITES), ...own])].sort()
}

const operationOf = (operation: Operation): object => {
  const { id, summary, description, parameters = {}, body, responses, right } = operation
  const successes = Object.entries(responses).map(([status, { content, headers, ...rest }]) => [
    status,
    {
      ...rest,
      ...(headers === undefined
        ? {}
        : {
            headers: Object.fromEntries(
              Object.entries(headers).map(([name, text]) => [
                name,
                { description: text, schema: { type: 'string' } },
              ]),
            ),
          }),
      ...(content === undefined ? {} : { content: contentOf(content, 'output') }),
    },
  ])
  return {
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    ...(right === 'nothing' ? { security: [] } : {}),
    parameters: Object.entries(parameters).map(parameterOf),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: contentOf(body, 'input') } }),
    responses: {
      ...Object.fromEntries(successes),
      ...Object.fromEntries(
        errorsOf(operation).map((status) => [status, { $ref: `#/components/responses/${status}` }]),
      ),
    },
  }
}

/** The document. */
export const openApi = (): object => {
  const paths: Record<string, Record<string, object>> = {}
  for (const operation of OPERATIONS) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method.toLowerCase()]: operationOf(operation),
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Slipway admin API',
      version: '1',
      description:
        'Callers need the right `admin` in the policy. Names of repositories contain slashes, which may be written as they are or as %2F.',
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }, { basic: [] }],
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'A token of /token with the scope registry:admin:*',
        },
        basic: { type: 'http', scheme: 'basic' },
      },
      responses: Object.fromEntries(Object.entries(ERRORS).map(failure)),
      schemas: { Errors: jsonSchema(errors, 'output') },
    },
  }
}
