/**
 * The document of receivers: what is refused, and who hears of what.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { isBus } from '../../functions/events/buses.ts'
import { isIndex, KINDS, parseReceivers, type Receiver } from '../../functions/events/receivers.ts'
import { recordOf } from './records.ts'

const BUS = 'arn:aws:events:eu-central-1:123456789012:event-bus/default'

const one = (more: object = {}): object => ({ name: 'a', url: 'https://hooks.example/x', ...more })

const read = (...receivers: readonly object[]): readonly Receiver[] =>
  parseReceivers(JSON.stringify({ version: 1, receivers }))

const only = (more: object = {}): Receiver => read(one(more))[0]!

describe('refused, with what is wrong:', () => {
  type Refused = [what: string, receivers: readonly object[], why: RegExp]
  test.each<Refused>([
    ['a name', [one({ name: 'A b' })], /receivers\[0\].name: expected small letters/],
    ['two of a name', [one(), one()], /receivers\[1\].name: another receiver has this name/],
    ['a scheme', [one({ url: 'ftp://a.example' })], /url: expected an http/],
    ['no URL', [one({ url: 'hooks' })], /url: expected an http or https URL/],
    ['a subject of a webhook', [one({ subject: 'a' })], /only a NATS server has subjects/],
    ['a path of NATS', [one({ url: 'nats://a.example/x' })], /expected no path/],
    ['NATS without a host', [one({ url: 'nats:x' })], /expected a host/],
    [
      'a subject with a wildcard',
      [one({ url: 'nats://a.example', subject: 'a.*' })],
      /subject: expected letters/,
    ],
    [
      'a private address of NATS',
      [one({ url: 'tls://10.0.0.1:4222' })],
      /its address is private, which is allowed only with private: \[10.0.0.1\]/,
    ],
    ['a fragment', [one({ url: 'https://a.example/#x' })], /expected no fragment/],
    [
      'an ARN of something else',
      [one({ url: 'arn:aws:sqs:a:1:b' })],
      /expected the ARN of an event/,
    ],
    [
      'a bus without an account',
      [one({ url: BUS.replace(/\d{12}/, '') })],
      /expected the ARN of an/,
    ],
    ...(
      [
        { format: 'distribution' },
        { references: true },
        { secret: 'env:SLIPWAY_EVENT_KEY' },
        { authorization: 'env:SLIPWAY_EVENT_KEY' },
        { private: true },
      ] as const
    ).map((more): Refused => {
      const [name = ''] = Object.keys(more)
      return [
        `a bus with ${name}`,
        [one({ url: BUS, ...more })],
        new RegExp(`${name}: an event bus has`),
      ]
    }),
    ['a format', [one({ format: 'xml' })], /format: /],
    ['a kind', [one({ kinds: ['pushed'] })], /kinds\[0\]: /],
    ['no kinds', [one({ kinds: [] })], /kinds/],
    [
      'a kind that distribution has not',
      [one({ format: 'distribution', kinds: ['push', 'quota'] })],
      /kinds\[1\]: distribution has no such event/,
    ],
    ['a pattern', [one({ repositories: ['A'] })], /"A" is not allowed in a repository name/],
    ["a caller's name", [one({ repositories: [`\${user}/*`] })], /"\$" is not allowed/],
    ...[
      'env:A-B',
      'env:AWS_SECRET_ACCESS_KEY',
      'env:SLIPWAY_LOGIN_SECRET',
      'file:/etc/passwd',
    ].flatMap((reference): Refused[] => [
      [`a secret ${reference}`, [one({ secret: reference })], /expected env:SLIPWAY_EVENT_<name>/],
      [
        `authorization by ${reference}`,
        [one({ authorization: reference })],
        /expected env:SLIPWAY_EVENT_<name>/,
      ],
    ]),
    ['a range', [one({ private: ['10.0.0.0/33'] })], /private\[0\]: expected an address/],
    ['a name for a range', [one({ private: ['localhost'] })], /private\[0\]: expected an address/],
    ['private: false', [one({ private: false })], /private/],
    ['an unknown field', [one({ headers: {} })], /headers: unknown field, expected name, url/],
    [
      'a private address',
      [one({ url: 'http://10.0.0.1/' })],
      /its address is private, which is allowed only with private: \[10.0.0.1\]/,
    ],
    [
      'the address of credentials, where private ones are allowed',
      [one({ url: 'http://169.254.169.254/', private: true })],
      /its address is private/,
    ],
    [
      'another spelling of it',
      [one({ url: 'http://[::ffff:a9fe:a9fe]/', private: true })],
      /its address is private/,
    ],
  ])('%s', (_, receivers, why) => expect(() => read(...receivers)).toThrow(why))

  test('a password, which is not repeated', () => {
    const wrong = () => only({ url: 'https://u:hunter2@a.example' })
    expect(wrong).toThrow(/url has a user or password: expected authorization/)
    expect(wrong).not.toThrow(/hunter2/)
    expect(() => only({ url: 'nats://u:hunter2@a.example' })).toThrow(/expected authorization/)
    for (const url of [
      'nats://u:hunter2@a.example/x',
      'https://u:hunter2@a.example/#x',
      'amqp://u:hunter2@a.example',
      '//u:hunter2@a.example',
      'https://a.example/hunter2#x',
      'http://10.0.0.1/?token=hunter2',
    ]) {
      expect(() => only({ url })).toThrow(/receivers\[0\]/)
      expect(() => only({ url })).not.toThrow(/hunter2/)
    }
    for (const field of ['secret', 'authorization', 'subject', 'format', 'private', 'blobs']) {
      expect(() => only({ [field]: 'hunter2 ' })).toThrow(/receivers\[0\]/)
      expect(() => only({ [field]: 'hunter2 ' })).not.toThrow(/hunter2/)
    }
  })
})

test.each([BUS, 'arn:aws-cn:events:cn-north-1:123456789012:event-bus/a/b.c'])(
  '%s is a bus',
  (url) => {
    const receiver = only({ url, kinds: ['push'], repositories: ['team/**'] })
    expect(receiver.url.href).toBe(url)
    expect(isBus(receiver.url)).toBe(true)
    expect(isBus(only().url)).toBe(false)
  },
)

describe('who hears', () => {
  test.each<[string, object, readonly string[]]>([
    ['by default, of all but pulls', {}, KINDS.filter((kind) => kind !== 'pull')],
    ['of what it asks for', { kinds: ['pull'] }, ['pull']],
    ['of what distribution has', { format: 'distribution' }, ['push', 'mount', 'delete']],
  ])('%s', (_, more, kinds) => {
    expect(KINDS.filter(only(more).hears)).toEqual(kinds)
  })

  test.each<[readonly string[] | undefined, string | undefined, boolean]>([
    [undefined, 'a/b', true],
    [undefined, undefined, true],
    [['team/**', 'x'], 'team/a/b', true],
    [['team/**', 'x'], 'x', true],
    [['team/**', 'x'], 'y', false],
    [['team/**'], undefined, false],
  ])('with the patterns %j, of %s: %s', (repositories, repository, heard) => {
    expect(only({ repositories }).wants(recordOf({ repository }))).toBe(heard)
  })
})

describe('of blobs', () => {
  const proof = { key: 'docker/registry/v2/repositories/team/a/_layers/sha256/b/link' }
  const manifest = { key: 'docker/registry/v2/repositories/team/a/_manifests/revisions/x/link' }
  test.each<[string, object, object, boolean]>([
    ['by default', {}, { action: 'push', proof }, true],
    ['of a repository', { repositories: ['team/*'] }, { action: 'mount', proof }, true],
    ['of another repository', { repositories: ['x/*'] }, { action: 'mount', proof }, false],
    ['of none', { blobs: false }, { action: 'push', proof }, false],
    ['of none that is deleted', { blobs: false }, { action: 'delete', proof }, false],
    ['of none, but a manifest', { blobs: false }, { action: 'push', proof: manifest }, true],
  ])('who hears %s', (_, more, given, heard) => {
    expect(only(more).wants(recordOf({ repository: 'team/a', ...given }))).toBe(heard)
  })
})

describe('addresses', () => {
  test.each<[unknown, string, boolean]>([
    [undefined, '192.0.1.1', true],
    [undefined, '10.0.0.1', false],
    [undefined, '::1', false],
    [undefined, '::ffff:10.0.0.1', false],
    [true, '10.0.0.1', true],
    [true, 'fd00::1', true],
    [true, '127.0.0.1', true],
    [true, '169.254.169.254', false],
    [true, '::ffff:169.254.169.254', false],
    [true, '64:ff9b::a9fe:a9fe', false],
    [true, 'fe80::1', false],
    [true, 'fd00:ec2::254', false],
    [['169.254.169.254'], '169.254.169.254', true],
    [['10.0.0.0/8', '::1'], '10.9.9.9', true],
    [['10.0.0.0/8', '::1'], '::1', true],
    [['10.0.0.0/8'], '::ffff:10.9.9.9', true],
    [['10.0.0.0/8'], '11.0.0.1', true],
    [['10.0.0.0/8'], '127.0.0.1', false],
  ])('with private: %j, %s is allowed: %s', (allowed, address, expected) => {
    expect(only({ private: allowed }).allows(address)).toBe(expected)
  })
})

describe('the index for search', () => {
  const parse = (document: object) => parseReceivers(JSON.stringify({ version: 1, ...document }))

  test('is a receiver of what changes manifests and tags, and of nothing else', () => {
    const [index, ...more] = parse({ search: true, receivers: [] })
    expect(more).toEqual([])
    expect(index && isIndex(index)).toBe(true)
    expect(KINDS.filter((kind) => index?.hears(kind))).toEqual(['push', 'delete', 'undelete'])
    expect(index?.wants(recordOf())).toBe(true)
    const layer = { key: 'docker/registry/v2/repositories/a/_layers/sha256/aa/link' }
    expect(index?.wants({ ...recordOf(), proof: layer })).toBe(false)
    expect(index?.wants({ ...recordOf(), repository: undefined })).toBe(false)
  })

  test.each([{ receivers: [] }, { search: false, receivers: [] }])('%o: there is none', (given) => {
    expect(parse(given)).toEqual([])
  })

  test('nobody else has its name', () => {
    const receivers = [one({ name: 'slipway-search' })]
    expect(() => parse({ search: true, receivers })).toThrow(
      'receivers[0].name: with search, it is that of the index',
    )
    expect(parse({ receivers })).toHaveLength(1)
  })
})
