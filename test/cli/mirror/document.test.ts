/** The document of mirrors: what it means, and what is refused. */

import { describe, expect, test } from 'vitest'
import { parseMirror } from '../../../functions/cli/mirror/parse.ts'

const document = (lines: string): string =>
  `version: 1\nrules:\n  - name: a\n${lines
    .split('; ')
    .map((line) => `    ${line}\n`)
    .join('')}`
const SIDES = 'from: ghcr.io; to: store; repositories: [team/app]'

describe('means', () => {
  const one = (lines: string) => parseMirror(document(`${SIDES}; ${lines}`))[0]!
  const tags = ['1.0', '1.1', '1.2.0-rc.1', '1.10', 'latest', 'dev-1', `sha256-${'a'.repeat(64)}`]

  test.for<readonly [lines: string, chosen: string]>([
    ['deletes: false', '1.0 1.1 1.2.0-rc.1 1.10 latest dev-1'],
    ['tags: [1.*, latest]', '1.0 1.1 1.2.0-rc.1 1.10 latest'],
    ['tags: ["1.*"]; except: ["*-rc*", "1.0"]', '1.1 1.10'],
    ['versions: ">=1.1"', '1.1 1.10'],
    ['newest: 2', '1.2.0-rc.1 1.10 latest dev-1'],
    ['newest: 2; except: ["*-*"]', '1.1 1.10 latest'],
    ['versions: ^1; newest: 1', '1.10'],
  ])('%s: %s', ([lines, chosen]) => {
    const rule = one(lines).tags
    expect(rule.named).toBeUndefined()
    expect(rule.choose(tags).join(' ')).toBe(chosen)
  })

  test('tags that are named in full need no list', () => {
    expect(one('tags: [latest, "1.0"]').tags.named).toEqual(['latest', '1.0'])
    expect(one('tags: [latest, "1.0"]; newest: 1').tags.named).toBeUndefined()
  })

  test.for<readonly [rename: string, name: string, becomes: string]>([
    ['{}', 'team/app', 'team/app'],
    ['{team/: other/}', 'team/app', 'other/app'],
    ['{"": mirror/}', 'team/app', 'mirror/team/app'],
    ['{"": mirror/, team/: ""}', 'team/app', 'app'],
    ['{team/: x/, team/app: y}', 'team/app', 'y'],
    ['{base/: x/}', 'team/app', 'team/app'],
  ])('rename: %s: %s becomes %s', ([rename, name, becomes]) => {
    expect(one(`rename: ${rename}`).renamed(name)).toBe(becomes)
  })

  test('Docker Hub has its own images in library', () => {
    const [rule] = parseMirror(
      document('from: index.docker.io; to: store; repositories: [alpine, team/*]'),
    )
    expect(rule).toMatchObject({ named: ['library/alpine'], looks: true })
    expect(rule!.from.host).toBe('docker.io')
    expect(['library/alpine', 'team/x', 'alpine'].map(rule!.has)).toEqual([true, true, false])
  })

  test('numbers and times', () => {
    expect(one('every: 15m; rate: 20/s; concurrency: 3')).toMatchObject({
      ...{ every: 900_000, gap: 50, concurrency: 3 },
    })
    expect(one('rate: 100/h').gap).toBe(36_000)
  })
})

describe('is refused', () => {
  test.for<readonly [lines: string, message: RegExp]>([
    ['from: ghcr.io; to: store', /repositories/],
    [`${SIDES}; evry: 5m`, /evry: unknown field, expected name, from, to, repositories/],
    ['from: "a b"; to: store; repositories: [x]', /rules\[0\]\.from: expected store, or a host/],
    [
      'from: {registry: a b}; to: store; repositories: [x]',
      /from\.registry: expected store, or a host/,
    ],
    [
      'from: {registry: ghcr.io, user: me}; to: store; repositories: [x]',
      /user: unknown field, expected registry, credentials, plainHttp/,
    ],
    [
      'from: {registry: ghcr.io, credentials: "me:hunter2"}; to: store; repositories: [x]',
      /from\.credentials: expected env:SLIPWAY_MIRROR_<name>/,
    ],
    [
      'from: {registry: ghcr.io, credentials: iam}; to: store; repositories: [x]',
      /only ECR gives tokens by IAM/,
    ],
    ['from: ghcr.io; to: {registry: store, plainHttp: true}; repositories: [x]', /no registry/],
    ['from: store; to: store; repositories: [x]', /copied onto themselves/],
    ['from: docker.io; to: index.docker.io; repositories: [x]', /copied onto themselves/],
    [`from: ghcr.io; to: store; repositories: [Team]`, /"T" is not allowed in a repository name/],
    [`${SIDES}; tags: ["a/b"]`, /"\/" is not allowed in a tag/],
    [`${SIDES}; versions: newest`, /expected a range of versions/],
    [`${SIDES}; newest: 0`, /newest/],
    [`${SIDES}; platforms: [arm64]`, /expected OS\/ARCHITECTURE/],
    [`${SIDES}; every: 0m`, /expected a time, as in 15m/],
    [`${SIDES}; rate: fast`, /expected requests in a time, as in 20\/s/],
    [`${SIDES}; rename: {a/: B}`, /expected the beginning of a name/],
    [`${SIDES}; concurrency: 65`, /concurrency/],
  ])('%s', ([lines, message]) => {
    let error: unknown
    try {
      parseMirror(document(lines))
    } catch (caught) {
      error = caught
    }
    expect(String(error)).toMatch(message)
    expect(String(error)).not.toContain('hunter2')
  })

  test('two rules of one name', () => {
    const text = `${document(SIDES)}  - {name: a, from: ghcr.io, to: store, repositories: [x]}`
    expect(() => parseMirror(text)).toThrow(/another rule has this name/)
  })
})
