/**
 * Which clients know schema 1 alone.
 *
 * @module
 */

import { SCHEMA1 } from '../registry/media-types.ts'

/**
 * Whether a client asks for schema 1 and for nothing else. One that sends no Accept, or `*`/`*`, gets what is stored:
 * distribution converts for it, and so breaks clients that are not old (distribution #4385).
 *
 * @param accept the header; weights are ignored, as distribution does
 */
export const wantsSchema1Alone = (accept: string | undefined): boolean => {
  const types = (accept ?? '')
    .split(',')
    .map((each) => each.split(';', 1)[0]?.trim().toLowerCase())
    .filter(Boolean)
  const isOld = (type: string | undefined) =>
    type !== undefined && (SCHEMA1.includes(type) || type === 'application/json')
  return types.every(isOld) && types.some((type) => SCHEMA1.includes(type ?? ''))
}
