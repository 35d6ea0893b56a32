/**
 * Tags set by a push: in its path, in its query, and on conditions.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { beforeAll, test } from 'vitest'
import { CONFIG, type Content, imageOf, putBlob, putManifest } from '../support/hosts/content.ts'
import { onEveryHost } from '../support/hosts/every.ts'
import { type Exchange, exchange, play, type Row, table } from '../support/hosts/exchange.ts'

const version = (n: number): Content => imageOf([], { annotations: { version: String(n) } })
const [ONE, TWO, THREE] = [version(1), version(2), version(3)]
const quoted = ({ sha256 }: Content): string => `"${sha256}"`

const push = (
  name: string,
  reference: string,
  content: Content,
  fields: Partial<Exchange> = {},
): Exchange => ({
  ...putManifest(name, reference, content),
  ...fields,
  headers: { ...putManifest(name, reference, content).headers, ...fields.headers },
})
const is = (name: string, tag: string, { bytes }: Content): Exchange => ({
  send: `GET /v2/${name}/manifests/${tag}`,
  status: 200,
  answer: bytes,
})
const many = (count: number): string =>
  Array.from({ length: count }, (_, n) => `tag=t${n}`).join('&')

const PARAMETERS: readonly Row[] = [
  ...(['sha256', 'sha512'] as const).map(
    (algorithm): Row => ({
      description: `tags of a push by ${algorithm}`,
      steps: [
        push('p', `${ONE[algorithm]}?tag=a&tag=b.1`, ONE, {
          expect: {
            'OCI-Tag': 'a, b.1',
            Location: `/v2/p/manifests/${ONE[algorithm]}`,
            'Docker-Content-Digest': ONE[algorithm],
          },
        }),
        is('p', 'a', ONE),
        is('p', 'b.1', ONE),
        is('p', ONE[algorithm], ONE),
      ],
    }),
  ),
  {
    description: 'a hundred tags',
    steps: [
      push('many', `${ONE.sha256}?${many(100)}`, ONE, { expect: { 'OCI-Tag': /^t0, .*, t99$/ } }),
      is('many', 't57', ONE),
    ],
  },
  {
    description: 'a hundred and one tags',
    steps: [
      push('more', `${ONE.sha256}?${many(101)}`, ONE, {
        status: 414,
        error: 'UNSUPPORTED',
        message: /101 tags.*at most 100/,
      }),
    ],
  },
  {
    description: 'an invalid tag, and none of the others is set',
    steps: [
      push('bad', `${ONE.sha256}?tag=ok&tag=not%20ok`, ONE, {
        status: 400,
        error: 'TAG_INVALID',
        message: /"not ok"/,
      }),
      { send: 'GET /v2/bad/manifests/ok', status: 404, error: 'MANIFEST_UNKNOWN' },
    ],
  },
  {
    description: 'tags with a push by tag',
    steps: [push('p', 'x?tag=y', ONE, { status: 400, error: 'UNSUPPORTED', message: /by digest/ })],
  },
]

const lost = { status: 412, error: 'PRECONDITION_FAILED' } as const
const refused = { status: 400, error: 'UNSUPPORTED' } as const
const CONDITIONS: readonly Row[] = [
  {
    description: 'If-None-Match: * takes a new tag, and no other',
    steps: [
      push('c', 'new', ONE, { headers: { 'If-None-Match': '*' } }),
      push('c', 'new', TWO, {
        headers: { 'If-None-Match': '*' },
        ...lost,
        message: /the tag new of c exists/,
      }),
      push('c', 'new', ONE, { headers: { 'If-None-Match': '*' }, ...lost }),
      is('c', 'new', ONE),
    ],
  },
  {
    description: 'If-Match moves a tag on',
    steps: [
      push('c', 'moved', ONE, { expect: { ETag: quoted(ONE) } }),
      push('c', 'moved', TWO, {
        headers: { 'If-Match': quoted(ONE) },
        expect: { ETag: quoted(TWO) },
      }),
      push('c', 'moved', THREE, {
        headers: { 'If-Match': quoted(ONE) },
        ...lost,
        message: new RegExp(`points at ${TWO.sha256}`),
      }),
      is('c', 'moved', TWO),
      push('c', 'moved', THREE, { headers: { 'If-Match': `${quoted(ONE)}, ${quoted(TWO)}` } }),
      is('c', 'moved', THREE),
    ],
  },
  {
    description: 'If-Match: * takes a tag that is there, and no other',
    steps: [
      push('c', 'any', ONE, { headers: { 'If-Match': '*' }, ...lost, message: /does not exist/ }),
      push('c', 'any', ONE),
      push('c', 'any', TWO, { headers: { 'If-Match': '*' } }),
      is('c', 'any', TWO),
    ],
  },
  {
    description: 'If-Match of a tag that is not there',
    steps: [push('c', 'none', ONE, { headers: { 'If-Match': quoted(ONE) }, ...lost })],
  },
  {
    description: 'a tag that was deleted is new',
    steps: [
      push('c', 'deleted', ONE),
      { send: 'DELETE /v2/c/manifests/deleted', status: 202 },
      push('c', 'deleted', TWO, { headers: { 'If-Match': quoted(ONE) }, ...lost }),
      push('c', 'deleted', TWO, { headers: { 'If-None-Match': '*' } }),
      is('c', 'deleted', TWO),
    ],
  },
  {
    description: 'the manifest of a lost push is there under its digest, without the tag',
    steps: [
      push('c', 'kept', ONE),
      push('c', 'kept', version(77), { headers: { 'If-None-Match': '*' }, ...lost }),
      is('c', version(77).sha256, version(77)),
      is('c', 'kept', ONE),
    ],
  },
  ...[
    ['both', 'x', { 'If-Match': '*', 'If-None-Match': '*' }, /not both/],
    ['If-None-Match of a digest', 'x', { 'If-None-Match': quoted(ONE) }, /is \*/],
    ['If-Match with a push by digest', ONE.sha256, { 'If-Match': '*' }, /pushes by tag/],
    ['If-None-Match with a push by digest', ONE.sha256, { 'If-None-Match': '*' }, /pushes by tag/],
  ].map(
    ([description, reference, headers, message]): Row => ({
      description: `${description} is refused`,
      steps: [
        push('c', reference as string, ONE, {
          headers: headers as Record<string, string>,
          ...refused,
          message: message as RegExp,
        }),
      ],
    }),
  ),
]

const WRITERS = 20
const ALL = Array.from({ length: WRITERS }, (_, n) => version(1000 + n))

onEveryHost((host) => {
  beforeAll(() =>
    play(
      host,
      ['p', 'many', 'more', 'bad', 'c', 'race'].map((name) => putBlob(name, CONFIG)),
    ),
  )
  table(host, [...PARAMETERS, ...CONDITIONS])

  /** All at once; the statuses, and whose content the tag has in the end. */
  const race = async (tag: string, headers: Record<string, string>) => {
    const sent = ALL.map(({ bytes }) =>
      host.send({
        method: 'PUT',
        target: `/v2/race/manifests/${tag}`,
        headers: { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json', ...headers },
        body: bytes,
      }),
    )
    const statuses = (await Promise.all(sent)).map((answer) => answer.status)
    const { body } = await exchange(host, { send: `GET /v2/race/manifests/${tag}`, status: 200 })
    return { statuses, holder: ALL.findIndex(({ bytes }) => bytes.equals(body)) }
  }

  const onlyOne = Array.from({ length: WRITERS }, (_, n) => (n === 0 ? 201 : 412))

  test(`exactly one of ${WRITERS} writers of a new tag wins`, async () => {
    const { statuses, holder } = await race('new', { 'If-None-Match': '*' })
    assert.deepEqual(statuses.toSorted(), onlyOne)
    assert.equal(statuses[holder], 201)
  })

  test(`exactly one of ${WRITERS} writers that move a tag wins`, async () => {
    await exchange(host, push('race', 'moved', ONE))
    const { statuses, holder } = await race('moved', { 'If-Match': quoted(ONE) })
    assert.deepEqual(statuses.toSorted(), onlyOne)
    assert.equal(statuses[holder], 201)
  })

  test(`all of ${WRITERS} writers without conditions succeed, and one is last`, async () => {
    const { statuses, holder } = await race('free', {})
    assert.deepEqual(new Set(statuses), new Set([201]))
    assert.notEqual(holder, -1)
  })
})
