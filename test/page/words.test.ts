/**
 * What the page says: commands, numbers, times, and what is different about two images.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { commandsFor, type Pulled } from '../../page/commands.ts'
import { ago, bytes, command, percent, plural, short, until } from '../../page/format.ts'
import type { Image } from '../../page/shapes.ts'
import { differences } from '../../page/views/differences.ts'

const DIGEST = `sha256:${'ab'.repeat(32)}`

describe('commands', () => {
  const PULLED: Pulled = {
    host: 'registry.example',
    plain: false,
    name: 'team/web',
    reference: 'v1',
    kind: 'image',
  }
  const texts = (more: Partial<Pulled>) =>
    commandsFor({ ...PULLED, ...more }).map(({ text }) => text)

  test.each<[string, Partial<Pulled>, readonly string[]]>([
    [
      'a tag',
      {},
      [
        'docker pull registry.example/team/web:v1',
        'podman pull registry.example/team/web:v1',
        'crane pull registry.example/team/web:v1 web.tar',
        'ctr images pull registry.example/team/web:v1',
      ],
    ],
    [
      'a digest, without TLS',
      { reference: DIGEST, plain: true, kind: 'index' },
      [
        `docker pull registry.example/team/web@${DIGEST}`,
        `podman pull --tls-verify=false registry.example/team/web@${DIGEST}`,
        `crane pull --insecure registry.example/team/web@${DIGEST} web.tar`,
        `ctr images pull --plain-http registry.example/team/web@${DIGEST}`,
      ],
    ],
    [
      'this machine, which clients trust',
      { host: '127.0.0.1:5000', plain: true },
      [
        'docker pull 127.0.0.1:5000/team/web:v1',
        'podman pull 127.0.0.1:5000/team/web:v1',
        'crane pull 127.0.0.1:5000/team/web:v1 web.tar',
        'ctr images pull --plain-http 127.0.0.1:5000/team/web:v1',
      ],
    ],
    [
      'a chart',
      { kind: 'chart', reference: '1.0.0_build.1' },
      [
        'helm pull oci://registry.example/team/web --version 1.0.0+build.1',
        'oras pull registry.example/team/web:1.0.0_build.1',
      ],
    ],
    [
      'an SBOM',
      { kind: 'sbom', reference: DIGEST },
      [`oras pull registry.example/team/web@${DIGEST}`],
    ],
  ])('for %s', (_, more, expected) => {
    expect(texts(more)).toEqual(expected)
  })
})

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [150 * 1024, '150 KiB'],
  [5_655_628, '5.4 MiB'],
  [3 * 2 ** 40, '3.0 TiB'],
])('%i bytes are %s', (count, words) => {
  expect(bytes(count)).toBe(words)
})

test.each([
  [10, 'just now'],
  [300, '5 minutes ago'],
  [86_400, 'yesterday'],
  [40 * 86_400, 'last month'],
  [800 * 86_400, '2 years ago'],
  // A clock that is ahead.
  [-3600, 'just now'],
])('%i seconds ago: %s', (seconds, words) => {
  const now = Date.parse('2026-11-28T06:00:00Z')
  expect(ago(new Date(now - seconds * 1000).toISOString(), now)).toBe(words)
})

test('what is not a time is not made one', () => {
  expect(ago('<b>soon</b>')).toBe('unknown')
})

test('short words', () => {
  expect([short(DIGEST), short(`sha512:${'c'.repeat(128)}`)]).toEqual([
    'abababababab',
    'sha512:cccccccccccc',
  ])
  expect([percent(1, 2), percent(1, 1000), percent(0, 0)]).toEqual(['50 %', '0.1 %', '0 %'])
  expect([plural(1, 'tag'), plural(1200, 'tag')]).toEqual(['1 tag', '1,200 tags'])
  expect(command('/bin/sh -c #(nop)  CMD ["sh"]')).toBe('CMD ["sh"]')
  expect(command('RUN /bin/sh -c apk add curl # buildkit')).toBe('RUN apk add curl')
})

test('differences', () => {
  const image = (more: Partial<Image>): Image => ({
    rights: [],
    repository: 'a',
    digest: DIGEST,
    kind: 'image',
    mediaType: 'x',
    manifestSize: 1,
    referrers: [],
    moreReferrers: false,
    ...more,
  })
  const [a, b] = [
    ['A=1', 'SAME=x', 'B=1=2'],
    ['A=2', 'SAME=x'],
  ].map((env) =>
    image({
      image: { env, history: [], user: 'root' },
      annotations: env.length === 3 ? { k: 'v' } : {},
    }),
  )
  expect(differences(a!, b!)).toEqual([
    { what: 'annotation k', a: 'v', b: undefined },
    { what: 'env A', a: '1', b: '2' },
    { what: 'env B', a: '1=2', b: undefined },
  ])
  expect(differences(a!, a!)).toEqual([])
})

test.each([
  ['2026-01-01T00:00:30Z', 'in 30 seconds'],
  ['2026-04-01T00:00:00Z', 'in 3 months'],
  ['2025-12-31T00:00:00Z', 'yesterday'],
])('what ends at %s ends %s', (date, words) => {
  expect(until(date, Date.parse('2026-01-01T00:00:00Z'))).toBe(words)
})
