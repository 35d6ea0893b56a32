/**
 * The first API, as the settings have it.
 *
 * @module
 */

import type { AppOptions } from '../api/env.ts'
import { v1Routes } from '../api/v1/routes.ts'
import { openV1, type V1Parts } from '../v1/open.ts'

/** Opens it, for the app to register its routes. */
export const openFirstApi = (parts: V1Parts): NonNullable<AppOptions['v1']> => {
  const v1 = openV1(parts)
  return (app, options) => v1Routes(app, options, v1)
}
