/**
 * What an operation of the admin API is: an entry of the table, from which its route, the checks of its parameters
 * and its description come.
 *
 * @module
 */

import type { Caller } from '../../auth/authorizer.ts'
import type { z } from '../../shared/schema.ts'
import type { AdminDesk, AppContext, AppOptions } from '../env.ts'

/** A parameter in the path, the query or a header. */
export interface Parameter {
  readonly in: 'path' | 'query' | 'header'
  readonly description: string
  readonly schema: z.ZodMiniType
  /** Whether it may contain slashes, as names of repositories do; only at the end of a path. */
  readonly wide?: true
  readonly required?: true
}

/** A body, of a request or a response. */
export interface Content {
  /** By media type. */
  readonly [type: string]: z.ZodMiniType
}

/** A response that is no error. */
export interface Success {
  readonly description: string
  readonly content?: Content
  /** Headers by name, each with what it says. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What an operation works with. */
export interface Request {
  readonly c: AppContext
  readonly desk: AdminDesk
  readonly options: AppOptions
  readonly caller: Caller
  /** Parameters of the path, decoded. */
  readonly path: Readonly<Record<string, string>>
  /** Reads a body of JSON. @throws RequestError PARAMETER_INVALID, MEDIA_TYPE, BODY_TOO_LARGE */
  json<T>(schema: z.ZodMiniType<T>): Promise<T>
  /** Reads a body of text. @throws RequestError PARAMETER_INVALID, BODY_TOO_LARGE */
  text(): Promise<string>
  /** Puts a change into the audit trail. @param what a key, or a name with its kind */
  changed(what: string): void
}

/** An operation. */
export interface Operation {
  readonly id: string
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** With parameters in braces. */
  readonly path: string
  readonly summary: string
  readonly description?: string
  readonly parameters?: Readonly<Record<string, Parameter>>
  readonly body?: Content
  readonly responses: Readonly<Record<number, Success>>
  /** Statuses of errors, beside those that any operation may have. */
  readonly errors?: readonly number[]
  /**
   * What the caller must administer: all of the registry, some of its repositories, or the one whose name is in the
   * path. `body`: some, and the operation looks at the one in its body. `itself`: the operation asks for another right.
   * `nothing`: anybody may.
   */
  readonly right: 'all' | 'some' | 'name' | 'body' | 'itself' | 'nothing'
  run(request: Request): Promise<Response>
}

const ESCAPED = /[.*+?^${}()|[\]\\]/g

/** The pattern of an operation's paths. Parameters are groups. */
export const patternOf = ({ path, parameters }: Operation): RegExp => {
  const source = path
    .split(/(\{\w+\})/)
    .map((part) => {
      const name = part.match(/^\{(\w+)\}$/)?.[1]
      if (name === undefined) return part.replaceAll(ESCAPED, '\\$&')
      return `(?<${name}>${parameters?.[name]?.wide ? '.+' : '[^/]+'})`
    })
    .join('')
  // A name may have anything in it, until it is checked.
  return new RegExp(`^${source}$`, 's')
}
