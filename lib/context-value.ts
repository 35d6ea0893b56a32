/**
 * What a context value is.
 *
 * @module
 */

import type * as z from 'zod'

/** What can be set. */
export interface ContextValue<T> {
  readonly schema: z.ZodType<T>
  /** The default, in words for people. */
  readonly value: string
  readonly help: string
}

/** Makes one. */
export const contextValue = <T>(
  schema: z.ZodType<T>,
  value: string,
  help: string,
): ContextValue<T> => ({
  schema,
  value,
  help,
})
