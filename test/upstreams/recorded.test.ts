/**
 * What public registries were recorded to say, as the client for upstreams takes it.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { authorizing } from '../../functions/transfer/registry/authorize.ts'
import { basic, parseChallenge } from '../../functions/transfer/registry/challenge.ts'
import { createLimits } from '../../functions/upstreams/client/limits.ts'
import { isPinned } from '../../functions/upstreams/client/realm.ts'
import { CHALLENGES, HUB_LIMITS, K8S_LOCATION } from './recorded.ts'
import { askAt, IMAGE, serve, sha256 } from './upstream.ts'

const USER = { name: 'alice', password: 'secret' }

describe('challenges', () => {
  test.each(CHALLENGES)('of $registry: $challenge', async ({ registry, challenge, token }) => {
    const asked: string[] = []
    const http = {
      async send({ url }: { readonly url: string }) {
        asked.push(url)
        return url.endsWith('/v2/')
          ? { status: 401, headers: { 'www-authenticate': challenge }, body: Buffer.alloc(0) }
          : { status: 200, headers: {}, body: Buffer.from('{"token":"t"}') }
      },
    }
    const { authorization } = authorizing(http, registry, USER, 'repository:team/app:pull')
    expect(await authorization()).toBe(token === undefined ? basic(USER) : 'Bearer t')
    expect(asked).toEqual([`${registry}/v2/`, ...(token === undefined ? [] : [token])])
    if (token !== undefined) expect(isPinned(registry, token)).toBe(true)
  })
})

test('limits of Docker Hub', () => {
  const limits = createLimits('docker.io', () => 0)
  limits.note('manifest', 200, HUB_LIMITS)
  expect(limits.remaining).toEqual({ left: 76, limit: 100, window: 21_600 })
})

test('registry.k8s.io sends who wants a manifest to another registry', async () => {
  const { pathname } = new URL(K8S_LOCATION)
  const other = await serve((_, response) => void response.end(IMAGE))
  const { origin } = await serve(({ url }, response) => {
    if (url === '/v2/') return void response.end()
    response.writeHead(307, { location: `${other.origin}${pathname}` }).end()
  })
  const { digest } = await askAt(origin).repository.manifest({ tag: 'v1' })
  expect([digest, other.lines()]).toEqual([sha256(IMAGE), [`GET ${pathname}`]])
})

describe('a challenge', () => {
  const realm = 'https://a.example/token'
  test.each<[what: string, value: string, scheme: string | undefined, parameters: object]>([
    ['of two kinds in one header', `Basic realm="a", Bearer realm="${realm}"`, 'bearer', { realm }],
    ['the other way round', `Bearer realm="${realm}", Basic realm="a"`, 'bearer', { realm }],
    ['beside one that is not known', 'Negotiate, Basic realm="a"', 'basic', { realm: 'a' }],
    ['with a token68', 'Negotiate YWJj==, Basic realm="a"', 'basic', { realm: 'a' }],
    ['in small letters', `bearer REALM="${realm}"`, 'bearer', { realm }],
    ['with spaces', `Bearer realm = "${realm}" , service= b`, 'bearer', { realm, service: 'b' }],
    ['with quotes inside', 'Basic realm="say \\"a, b=c\\""', 'basic', { realm: 'say "a, b=c"' }],
    ['with nothing', 'Bearer', 'bearer', {}],
    ['that is none', '', undefined, {}],
    ['without a scheme', 'realm="a"', undefined, {}],
  ])('%s', (_, value, scheme, parameters) => {
    expect(parseChallenge(value)).toEqual({ scheme, parameters })
  })

  test('without end is read in no time', () => {
    const long = 'a'.repeat(1_000_000)
    expect(parseChallenge(`Bearer ${long}=`).scheme).toBe('bearer')
  })
})
