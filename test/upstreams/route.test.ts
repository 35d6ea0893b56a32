/**
 * The document of upstreams: what is refused, and which upstream a name leads to.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { parseUpstreams } from '../../functions/upstreams/parse.ts'
import { routing } from '../../functions/upstreams/route.ts'

const one = (more: object = {}): object => ({ name: 'a', host: 'a.example', prefix: 'a', ...more })
const any = (more: object = {}): object => ({ name: 'any', prefix: 'any', ...more })

const parse = (...upstreams: readonly object[]) =>
  parseUpstreams(JSON.stringify({ version: 1, upstreams }))

describe('refused, with what is wrong:', () => {
  test.each<[what: string, upstreams: readonly object[], why: RegExp]>([
    ['a name', [one({ name: 'A' })], /upstreams\[0\].name: expected small letters/],
    ['two of a name', [one(), one({ prefix: 'b' })], /\[1\].name: another upstream has this/],
    ['two of a prefix', [one(), one({ name: 'b' })], /\[1\].prefix: another upstream/],
    ['a URL for a host', [one({ host: 'https://a.example' })], /host: expected a host/],
    ['a host with a path', [one({ host: 'a.example/x' })], /expected a host as in names/],
    ['a path', [one({ url: 'https://a.example/x' })], /expected scheme and host alone/],
    ['another scheme', [one({ url: 'ftp://a.example' })], /expected scheme and host alone/],
    ['a prefix', [one({ prefix: 'A/' })], /prefix: expected the beginning of names/],
    ['no prefix', [{ name: 'a', host: 'a.example' }], /prefix/],
    ['a time', [one({ interval: 'soon' })], /interval: expected a time/],
    ['no connections', [one({ connections: 0 })], /connections: /],
    ['another variable', [one({ credentials: 'env:HOME' })], /expected env:SLIPWAY_UPSTREAM_/],
    ['a secret', [one({ credentials: 'hunter2' })], /expected env:SLIPWAY_UPSTREAM_<name>/],
    ['a pattern', [one({ allow: ['A'] })], /"A" is not allowed in a repository name/],
    ['a host in front', [one({ deny: ['a.example/x'] })], /deny\[0\]: expected repositories of/],
    [
      'the host alone',
      [one({ allow: ['x', 'a.example'] })],
      /allow\[1\]: .* of a.example, without/,
    ],
    [
      'another name of Docker Hub in front',
      [one({ host: 'docker.io', deny: ['index.docker.io/nginx'] })],
      /expected repositories of docker.io/,
    ],
    ['a port in front', [one({ deny: ['b.example:443/x'] })], /expected repositories of a.example/],
    [
      'a port as names have it',
      [any({ allow: ['**'], deny: ['a.example_5000/x'] })],
      /deny\[0\]: no host has _/,
    ],
    ['any host without allow', [any()], /without a host, expected allow: which hosts/],
    [
      'credentials for any host',
      [any({ allow: ['*'], credentials: 'env:SLIPWAY_UPSTREAM_A' })],
      /only an upstream with a host has this/,
    ],
    [
      'a URL for any host',
      [any({ allow: ['*'], url: 'https://a.example' })],
      /only an upstream with a host/,
    ],
    [
      'pushes to any host',
      [any({ allow: ['*'], writable: true })],
      /writable: only an upstream with a host/,
    ],
    ['something else than yes or no', [one({ writable: 'yes' })], /writable: /],
    ['a private address', [one({ host: '10.0.0.1:5000' })], /host: its address is private/],
    ['a private URL', [one({ url: 'http://10.0.0.1' })], /url: its address is private/],
    [
      "the address of a machine's credentials",
      [one({ url: 'http://169.254.169.254', private: true })],
      /address is private/,
    ],
    ['an unknown field', [one({ user: 'a' })], /user: unknown field, expected name, host, url/],
  ])('%s', (_, upstreams, why) => expect(() => parse(...upstreams)).toThrow(why))

  test('a password in a URL', () =>
    expect(() => parse(one({ url: 'https://u:p@a.example' }))).toThrow(
      /url has a user or password: expected credentials: env:SLIPWAY_UPSTREAM/,
    ))

  test.each([
    one({ url: 'https://u:hunter2@a.example' }),
    one({ url: '//u:hunter2@a.example' }),
    one({ url: 'ftp://a.example/?password=hunter2' }),
    one({ host: 'u:hunter2@a.example' }),
    one({ credentials: 'hunter2' }),
    one({ credentials: { password: 'hunter2' } }),
    one({ prefix: 'hunter2 ' }),
    one({ private: ['hunter2'] }),
    any({ allow: ['*'], credentials: 'hunter2' }),
  ])('and no secret is repeated: %j', (upstream) => {
    expect(() => parse(upstream)).toThrow(/upstreams\[0\]/)
    expect(() => parse(upstream)).not.toThrow(/hunter2/)
  })
})

const HUB = { name: 'hub', host: 'docker.io', prefix: '' }
const ALL = [
  HUB,
  { name: 'ghcr', host: 'ghcr.io', prefix: 'ghcr', deny: ['evil/**'] },
  { name: 'inner', host: 'ghcr.io', prefix: 'ghcr/inner', allow: ['inner/*'] },
  {
    name: 'own',
    host: 'registry.example:5000',
    prefix: 'own',
    url: 'http://10.0.0.1:5000',
    private: ['10.0.0.1'],
  },
  {
    name: 'any',
    prefix: 'any',
    allow: ['*.k8s.io', 'quay.io/prometheus/*', 'docker.io', 'a.example:5000'],
    deny: ['old.k8s.io', 'x.k8s.io/bad/**'],
  },
  { name: 'other', host: 'other.example', prefix: 'any/y.k8s.io' },
]

/** `upstream origin repository local`, or that there is none. */
const routed = (upstreams: readonly object[], name: string, namespace?: string): string => {
  const route = routing(parse(...upstreams))(name, namespace)
  if (typeof route === 'string') return route
  const { upstream, origin, repository, local } = route
  return `${upstream.name} ${origin} ${repository} ${local}`
}

const HUB_ORIGIN = 'https://registry-1.docker.io'

describe('by name:', () => {
  test.each<[name: string, leads: string]>([
    ['nginx', `hub ${HUB_ORIGIN} library/nginx library/nginx`],
    ['library/nginx', `hub ${HUB_ORIGIN} library/nginx library/nginx`],
    ['team/app', `hub ${HUB_ORIGIN} team/app team/app`],
    ['ghcr/team/app', 'ghcr https://ghcr.io team/app ghcr/team/app'],
    ['ghcr/app', 'ghcr https://ghcr.io app ghcr/app'],
    // Not Docker Hub's.
    ['ghcr/evil/app', 'own'],
    ['ghcr', `hub ${HUB_ORIGIN} library/ghcr library/ghcr`],
    ['ghcr/inner/inner/a', 'inner https://ghcr.io inner/a ghcr/inner/inner/a'],
    ['ghcr/inner/a', 'own'],
    ['own/a', 'own http://10.0.0.1:5000 a own/a'],
    ['any/registry.k8s.io/pause', 'any https://registry.k8s.io pause any/registry.k8s.io/pause'],
    ['any/old.k8s.io/pause', 'own'],
    ['any/x.k8s.io/bad/a', 'own'],
    ['any/quay.io/prometheus/a', 'any https://quay.io prometheus/a any/quay.io/prometheus/a'],
    ['any/quay.io/a', 'own'],
    ['any/evil.example/a', 'own'],
    ['any/docker.io/nginx', `any ${HUB_ORIGIN} library/nginx any/docker.io/library/nginx`],
    ['any/index.docker.io/a/b', `any ${HUB_ORIGIN} a/b any/docker.io/a/b`],
    ['any/a.example_5000/x', 'any https://a.example:5000 x any/a.example_5000/x'],
    ['any/a.example/x', 'own'],
    // Of no host: not Docker Hub's either.
    ['any/library/nginx', 'own'],
    ['any/quay.io', 'own'],
    ['any/y.k8s.io/a', 'other https://other.example a any/y.k8s.io/a'],
  ])('%s: %s', (name, leads) => expect(routed(ALL, name)).toBe(leads))

  test('hosts and Docker Hub on one address', () => {
    const both = [HUB, any({ prefix: '', allow: ['ghcr.io'] })]
    expect(routed(both, 'nginx')).toBe(`hub ${HUB_ORIGIN} library/nginx library/nginx`)
    expect(routed(both, 'ghcr.io/a')).toBe('any https://ghcr.io a ghcr.io/a')
    expect(routed(both, 'quay.io/a')).toBe('own')
  })

  test('a pattern without a port is about hosts without one', () => {
    const hosts = (...allow: readonly string[]) => [any({ allow })]
    expect(routed(hosts('**'), 'any/a.example/x')).toMatch(/^any /)
    expect(routed(hosts('**', '*'), 'any/a.example_22/x')).toBe('own')
    expect(routed(hosts('*:5000'), 'any/a.example_5000/x')).toMatch(/^any /)
    expect(routed(hosts('*:5000'), 'any/a.example/x')).toBe('own')
    const denied = [any({ allow: ['*', '*:5000'], deny: ['a.example'] })]
    expect(routed(denied, 'any/a.example_5000/x')).toBe('own')
    expect(routed(denied, 'any/b.example_5000/x')).toMatch(/^any /)
  })

  test.each<[upstream: object, denied: string]>([
    [{ host: 'docker.io', deny: ['nginx'] }, 'any/nginx'],
    [{ host: 'docker.io', deny: ['ngin*'] }, 'any/library/nginx'],
    [{ host: 'docker.io', deny: ['library/nginx'] }, 'any/nginx'],
    [{ deny: ['docker.io/nginx'] }, 'any/docker.io/nginx'],
    [{ deny: ['index.docker.io'] }, 'any/docker.io/nginx'],
    [{ deny: ['registry-1.docker.io/**'] }, 'any/index.docker.io/nginx'],
    [{ deny: ['docker.io:443/library/*'] }, 'any/docker.io/nginx'],
    [{ deny: ['ghcr.io:443'] }, 'any/ghcr.io/a/b'],
    [{ deny: ['ghcr.io:443/a/*'] }, 'any/ghcr.io_443/a/b'],
    [{ deny: ['*:443'] }, 'any/ghcr.io/a/b'],
  ])('however its name is spelled: %j denies %s', (upstream, denied) => {
    expect(routed([any({ allow: ['**'], ...upstream })], denied)).toBe('own')
  })

  test('what is denied is no more than that', () => {
    const hub = [any({ host: 'docker.io', deny: ['nginx'] })]
    expect(routed(hub, 'any/team/nginx')).toMatch(/^any /)
    expect(routed(hub, 'any/nginx2')).toMatch(/^any /)
    const hosts = [any({ allow: ['**', '*:5000'], deny: ['ghcr.io:443', 'docker.io/nginx'] })]
    expect(routed(hosts, 'any/ghcr.io_5000/a')).toMatch(/^any /)
    expect(routed(hosts, 'any/docker.io/team/nginx')).toMatch(/^any /)
    expect(routed(hosts, 'any/quay.io/library/nginx')).toMatch(/^any /)
  })

  test('what is allowed by any of its names', () => {
    expect(routed([any({ host: 'docker.io', allow: ['nginx'] })], 'any/nginx')).toMatch(/^any /)
    expect(routed([any({ allow: ['ghcr.io:443'] })], 'any/ghcr.io/a')).toMatch(/^any /)
    expect(routed([any({ allow: ['ghcr.io:443'] })], 'any/ghcr.io_5000/a')).toBe('own')
  })

  test('without upstreams', () => expect(routed([], 'a')).toBe('own'))
})

describe('by namespace:', () => {
  test.each<[namespace: string, name: string, leads: string]>([
    ['docker.io', 'nginx', `hub ${HUB_ORIGIN} library/nginx library/nginx`],
    ['registry-1.docker.io', 'team/app', `hub ${HUB_ORIGIN} team/app team/app`],
    ['Index.Docker.IO:443', 'team/app', `hub ${HUB_ORIGIN} team/app team/app`],
    ['ghcr.io', 'team/app', 'ghcr https://ghcr.io team/app ghcr/team/app'],
    ['ghcr.io', 'evil/app', 'unknown'],
    ['ghcr.io', 'inner/a', 'inner https://ghcr.io inner/a ghcr/inner/inner/a'],
    ['registry.example:5000', 'a', 'own http://10.0.0.1:5000 a own/a'],
    ['registry.example', 'a', 'unknown'],
    ['registry.k8s.io', 'pause', 'any https://registry.k8s.io pause any/registry.k8s.io/pause'],
    ['old.k8s.io', 'pause', 'unknown'],
    ['evil.example', 'a', 'unknown'],
    ['', 'a', 'unknown'],
    ['a b', 'a', 'unknown'],
    // Kept as Docker Hub's it would be served as that of ghcr.io; so the other that has Docker Hub takes it.
    ['docker.io', 'ghcr/app', `any ${HUB_ORIGIN} ghcr/app any/docker.io/ghcr/app`],
    ['y.k8s.io', 'a', 'unknown'],
  ])('%s %s: %s', (namespace, name, leads) => expect(routed(ALL, name, namespace)).toBe(leads))
})
