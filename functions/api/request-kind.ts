/**
 * What a request is for, in the few words that metrics are kept by: distribution's names of routes, and no name of
 * a repository.
 *
 * @module
 */

/** By path, without the query; the first that fits counts. */
const PATHS: readonly (readonly [handler: string, path: RegExp])[] = [
  ['base', /^\/v2\/?$/],
  ['catalog', /^\/v2\/_catalog$/],
  ['tags', /^\/v2\/.+\/tags\/list$/],
  ['referrers', /^\/v2\/.+\/referrers\/[^/]+$/],
  ['manifest', /^\/v2\/.+\/manifests\/[^/]+$/],
  ['blob_upload', /^\/v2\/.+\/blobs\/uploads\/?$/],
  ['blob_upload_chunk', /^\/v2\/.+\/blobs\/uploads\/[^/]+$/],
  ['blob', /^\/v2\/.+\/blobs\/[^/]+$/],
  ['token', /^\/token$/],
  ['log_in', /^\/(?:auth|\.well-known)\//],
  ['api', /^\/api\//],
]

const READS = ['get', 'head']
/** What clients send there; anything else is counted as `other`. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  base: READS,
  catalog: ['get'],
  tags: ['get'],
  referrers: ['get'],
  manifest: [...READS, 'put', 'delete'],
  blob_upload: ['post'],
  blob_upload_chunk: ['get', 'patch', 'put', 'delete', 'post'],
  blob: [...READS, 'delete'],
  token: ['get', 'post'],
  log_in: ['get'],
  api: [...READS, 'put', 'post', 'delete'],
}

/** What does not have a word of its own. */
export const OTHER = 'other'

/** A request in two words. */
export interface Kind {
  readonly handler: string
  readonly method: string
}

/** Whether it only asks for health: that says nothing of what clients do. */
export const isProbe = (target: string): boolean => /^\/(?:livez|readyz)(?:\?|$)/.test(target)

/** @param target path and query, as sent */
export const kindOf = (method: string, target: string): Kind => {
  const [path = ''] = target.split('?')
  const [handler = OTHER] = PATHS.find(([, pattern]) => pattern.test(path)) ?? []
  const lower = method.toLowerCase()
  // Where nothing else is asked for, one series is enough.
  if (!METHODS[handler]?.includes(lower)) return { handler: OTHER, method: OTHER }
  return { handler, method: lower }
}
