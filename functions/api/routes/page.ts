/**
 * The page: `/` for browsers, /page/ and /api/page/, where it is switched on.
 *
 * What it takes is loaded with the first request of it.
 *
 * @module
 */

import type { Hono } from 'hono'
import type { AppEnv, AppOptions } from '../env.ts'
import { withAuthorizer } from '../middleware/permit.ts'

/** Registers the page, and its sessions for the requests that it sends. Other clients see nothing of it. */
export const pageRoutes = (app: Hono<AppEnv>, options: AppOptions): void => {
  const { page, registry } = options
  if (page === undefined) return
  app.get('/', async (c, next) => {
    const { serve, wantsPage } = await import('../page/serve.ts')
    const files = wantsPage(c) ? await page.files() : undefined
    return (files && serve(c, files, 'index.html')) ?? next()
  })
  app.get('/page/:file', async (c, next) => {
    const { serve } = await import('../page/serve.ts')
    const files = await page.files()
    return (files && serve(c, files, c.req.param('file'))) ?? next()
  })
  app.use('/api/*', withAuthorizer(options))
  app.use('/api/*', async (c, next) => {
    if (c.req.header('X-Slipway-Page') === undefined) return next()
    return (await import('../page/as-visitor.ts')).asVisitor(c, page, next)
  })
  const load = () => import('../page/session.ts')
  app.get('/api/page/session', async (c) => (await load()).show(c, page, options))
  app.post('/api/page/session', async (c, next) =>
    page.open ? next() : (await load()).signIn(c, page, registry.memory),
  )
  app.delete('/api/page/session', async (c) => (await load()).signOut(c))
}
