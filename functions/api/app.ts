/**
 * The registry's HTTP face: the Docker Registry v2 / OCI distribution API as one Hono app.
 *
 * @module
 */

import { Hono } from 'hono'
import { requestId } from 'hono/request-id'
import { quoted } from '../shared/errors.ts'
import type { AppEnv, AppOptions } from './env.ts'
import { RequestError, writeError } from './errors.ts'
import { crossOrigin } from './middleware/cross-origin.ts'
import { throughEdge } from './middleware/edge.ts'
import { saysWhatIsKept } from './middleware/edge-cache.ts'
import { auditRequests, requestLog } from './middleware/log.ts'
import { notAllowed } from './middleware/not-allowed.ts'
import { withAuthorizer } from './middleware/permit.ts'
import { readOnly } from './middleware/read-only.ts'
import { wholeBody } from './middleware/whole-body.ts'
import { plainPath } from './request.ts'
import { commonHeaders } from './responses.ts'
import { adminRoutes } from './routes/admin.ts'
import { baseRoutes } from './routes/base.ts'
import { blobRoutes } from './routes/blobs.ts'
import { browseRoutes } from './routes/browse.ts'
import { catalogRoutes } from './routes/catalog.ts'
import { healthRoutes } from './routes/health.ts'
import { jwksRoutes } from './routes/jwks.ts'
import { logInRoutes } from './routes/log-in.ts'
import { manifestRoutes } from './routes/manifests.ts'
import { pageRoutes } from './routes/page.ts'
import { referrerRoutes } from './routes/referrers.ts'
import { repositoryRoutes } from './routes/repositories.ts'
import { searchRoutes } from './routes/search.ts'
import { tagRoutes } from './routes/tags.ts'
import { tokenRoutes } from './routes/token.ts'
import { uploadRoutes } from './routes/uploads.ts'

/**
 * Builds the app.
 *
 * @example
 * const app = createApp({
 *   registry, authorizer, audit, logger, redirects: true, redirectHeads: false, readOnly: false,
 * })
 * serve({ fetch: app.fetch })
 */
export const createApp = (options: AppOptions): Hono<AppEnv> => {
  const app = new Hono<AppEnv>()
  app.use(requestId())
  healthRoutes(app, options.isReady)
  if (options.follow) app.use(options.follow)
  app.use(requestLog(options))
  app.use(commonHeaders)
  const { edge } = options
  if (edge?.tagAge !== undefined) app.use('/v2/*', saysWhatIsKept(edge, options))
  if (edge) app.use(throughEdge(edge, options))
  if (options.origins) crossOrigin(app, options.origins)
  app.use(plainPath)
  if (options.bodyLimit) app.use(wholeBody(options.bodyLimit))
  if (options.issuing) {
    tokenRoutes(app, options.issuing, options.registry.memory)
    jwksRoutes(app, options.issuing)
    logInRoutes(app, options.issuing, options.publicUrl, options.registry.memory)
  }
  pageRoutes(app, options)
  if (options.readOnly) app.use(readOnly)

  app.use(withAuthorizer(options))
  app.use(auditRequests(options))
  app.use('/v2/*', notAllowed(app))
  app.use('/api/*', notAllowed(app))
  app.use('/v1/*', notAllowed(app))
  baseRoutes(app)
  catalogRoutes(app, options)
  tagRoutes(app, options)
  referrerRoutes(app, options)
  manifestRoutes(app, options)
  if (!options.readOnly) uploadRoutes(app, options)
  blobRoutes(app, options)
  repositoryRoutes(app, options)
  options.v1?.(app, options)
  searchRoutes(app, options)
  browseRoutes(app, options)
  adminRoutes(app, options)

  app.notFound((c) =>
    writeError(
      new RequestError('ENDPOINT_UNKNOWN', `there is nothing at ${quoted(c.req.path)}: see /v2/`),
      c,
    ),
  )
  app.onError(writeError)
  return app
}
