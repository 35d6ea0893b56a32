/**
 * GET /api/v1/images/<name>?reference=: all that is shown of a manifest.
 *
 * @module
 */

import { parseName, parseReference } from '../../registry/reference.ts'
import type { AppContext, AppOptions } from '../env.ts'
import { permit } from '../middleware/permit.ts'

/** Responds with a manifest. */
export const respond = async (
  c: AppContext,
  given: string,
  browse: NonNullable<AppOptions['browse']>,
): Promise<Response> => {
  const name = parseName(given)
  await permit(c, name, 'pull')
  const reference = parseReference(c.req.query('reference') || 'latest')
  c.header('Cache-Control', 'no-store')
  return c.json(await (await browse()).image(name, reference))
}
