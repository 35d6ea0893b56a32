/**
 * GET /api/v1/images/<name>?reference=: all that is shown of a manifest.
 *
 * @module
 */

import { parseName, parseReference } from '../../registry/reference.ts'
import type { AppContext, AppOptions } from '../env.ts'
import { permit } from '../middleware/permit.ts'
import { rightsOf } from './rights.ts'

/** Responds with a manifest. */
export const respond = async (
  c: AppContext,
  given: string,
  options: AppOptions,
  browse: NonNullable<AppOptions['browse']>,
): Promise<Response> => {
  const name = parseName(given)
  const caller = await permit(c, name, 'pull')
  const reference = parseReference(c.req.query('reference') || 'latest')
  c.header('Cache-Control', 'no-store')
  const shown = await (await browse()).image(name, reference)
  return c.json({ ...shown, rights: rightsOf(caller, name, options) })
}
