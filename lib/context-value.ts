/**
 * What a context value is.
 *
 * @module
 */

import type * as z from '../functions/shared/schema.ts'

/** What can be set. */
export interface ContextValue<S extends z.ZodMiniType = z.ZodMiniType> {
  readonly schema: S
  /** The default, in words for people. */
  readonly value: string
  readonly help: string
}

/** Makes one. */
export const contextValue = <S extends z.ZodMiniType>(
  schema: S,
  value: string,
  help: string,
): ContextValue<S> => ({
  schema,
  value,
  help,
})
