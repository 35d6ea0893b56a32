import cf from 'cloudfront'

/**
 * CloudFront Function (runtime 2.0) for requests of viewers: reads of repositories that the key-value store lists as
 * public are the same for everyone. They lose what tells callers apart, and are marked with the version under which
 * the repository is listed. The cache is keyed by that mark, and by Authorization where it is left.
 *
 * Who asks for a repository of another host, as mirrors are asked, is let through as it is: the list is about names of
 * this registry.
 */
const list = cf.kvs()
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const REFERENCE = /^[A-Za-z0-9_][A-Za-z0-9_.:+-]*$/
const MARK = 'x-slipway-public'
/** More are not looked up: each lookup is charged. */
const MOST_COMPONENTS = 8

/** The components of the repository that is read, or none. */
function repositoryOf(request) {
  const parts = request.uri.split('/')
  const name = parts.slice(2, -2)
  const isRead =
    (request.method === 'GET' || request.method === 'HEAD') &&
    parts[0] === '' &&
    parts[1] === 'v2' &&
    /^(?:manifests|blobs)$/.test(parts[parts.length - 2]) &&
    REFERENCE.test(parts[parts.length - 1]) &&
    name.length <= MOST_COMPONENTS &&
    name.every((part) => COMPONENT.test(part))
  return isRead ? name : []
}

/** What may be listed for a repository, the most likely first. */
function patternsFor(name) {
  const above = name.slice(0, -1)
  const patterns = [name.join('/'), above.concat('*').join('/')]
  for (let depth = above.length; depth >= 0; depth--) {
    patterns.push(above.slice(0, depth).concat('**').join('/'))
  }
  return patterns
}

/** Whether it names a host, or may: names in a query can be written with escapes. */
function namesHost(request) {
  return (
    'oci-namespace' in request.headers ||
    Object.keys(request.querystring).some((key) => key === 'ns' || key.includes('%'))
  )
}

async function versionOf(pattern) {
  try {
    return await list.get(pattern)
  } catch (_) {
    return ''
  }
}

// biome-ignore lint/correctness/noUnusedVariables: CloudFront calls it by this name.
async function handler(event) {
  const request = event.request
  delete request.headers[MARK]
  const name = repositoryOf(request)
  if (name.length === 0 || namesHost(request)) return request
  for (const pattern of patternsFor(name)) {
    const version = await versionOf(pattern)
    if (version) {
      delete request.headers.authorization
      request.cookies = {}
      request.querystring = {}
      request.headers[MARK] = { value: version }
      return request
    }
  }
  return request
}
