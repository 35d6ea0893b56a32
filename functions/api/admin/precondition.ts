/**
 * What a change expects to be there (RFC 9110 section 13.1).
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { RegistryError } from '../../registry/errors.ts'
import * as z from '../../shared/schema.ts'
import type { AppContext } from '../env.ts'
import { RequestError } from '../errors.ts'
import { entityTags } from '../request.ts'
import { withExample } from './example.ts'
import type { Operation } from './operation.ts'

/** Parameters of a change that may say what it expects. */
export const IF_MATCH = {
  'If-Match': {
    in: 'header',
    description: 'The ETag of what is to be changed; * for any.',
    schema: z.optional(withExample(z.string(), '*')),
  },
} as const satisfies Operation['parameters']

/** Parameters of a change that must say what it expects. */
export const CONDITIONS = {
  ...IF_MATCH,
  'If-None-Match': {
    in: 'header',
    description: '*: there must be nothing of this name yet.',
    schema: z.optional(z.literal('*')),
  },
} as const satisfies Operation['parameters']

/** What must be there: a text with one of these tags, any, or none. */
export type Condition = readonly string[] | 'any' | 'none'

/** The entity tag of a text, without quotes. */
export const etagOf = (text: string): string =>
  createHash('sha256').update(text).digest('base64url')

/** Reads the condition of a change. @throws RequestError PARAMETER_INVALID, PRECONDITION_REQUIRED */
export const readCondition = (c: AppContext): Condition => {
  const match = c.req.header('If-Match')
  const none = c.req.header('If-None-Match')
  if (none !== undefined) {
    if (none.trim() === '*' && match === undefined) return 'none'
    throw new RequestError(
      'PARAMETER_INVALID',
      'changes take either If-None-Match: *, where there is nothing yet, or If-Match',
    )
  }
  if (match !== undefined) return match.trim() === '*' ? 'any' : entityTags(match)
  throw new RequestError(
    'PRECONDITION_REQUIRED',
    'say what is to be replaced: If-Match with the ETag that was read, or If-None-Match: * where there is nothing yet',
  )
}

/** Reads the condition of a change that need not have one. @throws RequestError PARAMETER_INVALID */
export const mayMatch = (c: AppContext): Condition | undefined => {
  const given = c.req.header('If-Match') ?? c.req.header('If-None-Match')
  return given === undefined ? undefined : readCondition(c)
}

const failed = (why: string): RegistryError => new RegistryError('PRECONDITION_FAILED', why)

/** Compares a condition with what is there. @throws RegistryError PRECONDITION_FAILED */
export const matches = (condition: Condition, stored: string | undefined): void => {
  if (condition === 'none') {
    if (stored !== undefined) throw failed('it is there already')
    return
  }
  if (stored === undefined) throw failed('it is not there')
  if (condition !== 'any' && !condition.includes(etagOf(stored))) {
    throw failed('it was changed meanwhile: read it again')
  }
}
