/**
 * Examples in the description of the API.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'

/** A schema whose description has an example. */
export const withExample = <S extends z.ZodMiniType>(schema: S, example: z.input<S>): S => {
  z.globalRegistry.add(schema, { ...z.globalRegistry.get(schema), examples: [example] })
  return schema
}
