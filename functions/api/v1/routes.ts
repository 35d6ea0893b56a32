/**
 * The first Docker Registry API, loaded only where it is on.
 *
 * @module
 */

import type { Hono } from 'hono'
import type { V1 } from '../../v1/open.ts'
import type { AppEnv, AppOptions } from '../env.ts'
import { pingV1 } from '../search/v1.ts'
import { tokenOfAnybody } from './access.ts'
import { extraRoutesV1 } from './extras.ts'
import { imageRoutesV1 } from './images.ts'
import { imageListRoutesV1, repositoryRoutesV1 } from './repositories.ts'
import { tagRoutesV1 } from './tags.ts'
import { userRoutesV1 } from './users.ts'

/**
 * Registers it, beside what search already has of it. The order counts: `img/images` could be a repository, but clients
 * mean the images of `img`, and by `img/tags/json` a tag.
 */
export const v1Routes = (app: Hono<AppEnv>, options: AppOptions, v1: V1): void => {
  app.get('/_ping', pingV1)
  app.use('/v1/search', tokenOfAnybody)
  userRoutesV1(app)
  imageRoutesV1(app, options, v1)
  tagRoutesV1(app, options, v1)
  imageListRoutesV1(app, options, v1)
  extraRoutesV1(app, v1)
  repositoryRoutesV1(app, options, v1)
}
