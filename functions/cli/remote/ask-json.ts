/**
 * Requests with a body of JSON.
 *
 * @module
 */

import type { Question } from './admin-api.ts'

/** A request with this body. @param headers further ones, such as a condition */
export const withJson = (
  method: NonNullable<Question['method']>,
  value: object,
  headers: Readonly<Record<string, string>> = {},
): Question => ({
  method,
  headers: { 'Content-Type': 'application/json', ...headers },
  body: Buffer.from(JSON.stringify(value)),
})

/** Where there must be something, whatever it is. */
export const THERE = { 'If-Match': '*' } as const

/** Where there must be nothing. */
export const NOT_THERE = { 'If-None-Match': '*' } as const
