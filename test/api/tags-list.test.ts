/**
 * Lists of tags and of repositories: order, paging, limits.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { beforeAll, test } from 'vitest'
import { pushTags } from '../support/hosts/content.ts'
import { onEveryHost } from '../support/hosts/every.ts'
import { type Exchange, type Row, singles, table } from '../support/hosts/exchange.ts'
import { pagesOf } from '../support/hosts/pages.ts'

/** In ASCII order, which is not the order of their keys: there `v1-rc/` comes before `v1/`. */
const TAGS = ['1', 'A', 'B', 'a', 'v1', 'v1-rc', 'v1-rc.1', 'v1.0', 'v1.0-x', 'v10', 'v1_', 'z']
const REPOSITORIES = ['a', 'a-b', 'a-b/c', 'a.b', 'a/b', 'a/b/c', 'a0', 'ab']

const tags = (query: string, expected: readonly string[], link?: string): Exchange => ({
  send: `GET /v2/tags/repo/tags/list${query}`,
  status: 200,
  json: { name: 'tags/repo', tags: expected },
  expect: {
    'Content-Type': /^application\/json/,
    Link: link === undefined ? null : `</v2/tags/repo/tags/list?${link}>; rel="next"`,
  },
})

const noNumber = { status: 400, error: 'PAGINATION_NUMBER_INVALID' } as const

const LISTS = singles([
  ['all tags', tags('', TAGS)],
  ['n', tags('?n=3', ['1', 'A', 'B'], 'last=B&n=3')],
  ['n of exactly all', tags(`?n=${TAGS.length}`, TAGS)],
  ['n of more than all', tags('?n=100', TAGS)],
  ['n of more than there can be', tags('?n=1000000', TAGS)],
  ['n=0', tags('?n=0', [])],
  ['last', tags('?last=v1.0', ['v1.0-x', 'v10', 'v1_', 'z'])],
  ['last that is no tag', tags('?last=v1.00', ['v10', 'v1_', 'z'])],
  ['last that is the last', tags('?last=z', [])],
  ['last beyond all', tags('?last=zz', [])],
  ['empty last', tags('?last=', TAGS)],
  ['n and last', tags('?n=2&last=v1', ['v1-rc', 'v1-rc.1'], 'last=v1-rc.1&n=2')],
  ['last and n', tags('?last=a&n=1', ['v1'], 'last=v1&n=1')],
  ['other parameters', tags('?ns=docker.io&n=1', ['1'], 'last=1&n=1')],
  ...['-1', 'abc', '1.5', '0x10', '1e3', ''].map((n): [string, Exchange] => [
    `n=${n}`,
    {
      send: `GET /v2/tags/repo/tags/list?n=${n}`,
      status: 400,
      error: 'PAGINATION_NUMBER_INVALID',
      message: new RegExp(`invalid n "${n}"`),
    },
  ]),
  ['n without a value', { send: 'GET /v2/tags/repo/tags/list?n', ...noNumber }],
  ['HEAD', { send: 'HEAD /v2/tags/repo/tags/list', status: 200 }],
  ['a slash at the end', { ...tags('', TAGS), send: 'GET /v2/tags/repo/tags/list/' }],
  ['HEAD with a slash', { send: 'HEAD /v2/tags/repo/tags/list/', status: 200 }],
  [
    'a slash at the end and n',
    {
      ...tags('', ['1']),
      send: 'GET /v2/tags/repo/tags/list/?n=1',
      expect: { Link: '</v2/tags/repo/tags/list/?last=1&n=1>; rel="next"' },
    },
  ],
  [
    'other methods with a slash',
    {
      send: 'PUT /v2/tags/repo/tags/list/',
      status: 405,
      error: 'UNSUPPORTED',
      expect: { Allow: 'GET, HEAD' },
    },
  ],
  [
    'an unknown repository',
    {
      send: 'GET /v2/nothing/here/tags/list',
      status: 404,
      error: 'NAME_UNKNOWN',
      message: /no repository nothing\/here/,
    },
  ],
  [
    'the repository above one',
    { send: 'GET /v2/tags/tags/list', status: 404, error: 'NAME_UNKNOWN' },
  ],
  ['an invalid name', { send: 'GET /v2/Tags/tags/list', status: 400, error: 'NAME_INVALID' }],
])

const catalog = (query: string, expected: readonly string[], link?: string): Exchange => ({
  send: `GET /v2/_catalog${query}`,
  status: 200,
  json: { repositories: expected },
  expect: { Link: link === undefined ? null : `</v2/_catalog?${link}>; rel="next"` },
})
const CATALOG = singles([
  ['n', catalog('?n=3', REPOSITORIES.slice(0, 3), 'last=a-b%2Fc&n=3')],
  ['n and last', catalog('?n=2&last=a.b', ['a/b', 'a/b/c'], 'last=a%2Fb%2Fc&n=2')],
  ['last', catalog('?last=a0', ['ab', 'tags/repo'])],
  ['n=0', catalog('?n=0', [])],
  ['n=x', { send: 'GET /v2/_catalog?n=x', ...noNumber }],
  ['n=', { send: 'GET /v2/_catalog?n=', ...noNumber }],
  ['n without a value', { send: 'GET /v2/_catalog?n', ...noNumber }],
  ['a slash at the end', { ...catalog('?n=0', []), send: 'GET /v2/_catalog/?n=0' }],
  ['HEAD', { send: 'HEAD /v2/_catalog', status: 200 }],
])

const DELETED: readonly Row[] = [
  {
    description: 'a repository without tags has an empty list',
    steps: [
      { send: 'DELETE /v2/ab/manifests/only', status: 202 },
      { send: 'GET /v2/ab/tags/list', status: 200, json: { name: 'ab', tags: [] } },
    ],
  },
]

onEveryHost((host) => {
  beforeAll(async () => {
    for (const name of REPOSITORIES) await pushTags(host, name, ['only'])
    await pushTags(host, 'tags/repo', TAGS)
  })
  table(host, LISTS)
  table(host, CATALOG)
  table(host, DELETED)

  test('following Link yields every repository once, in order', async () => {
    for (const n of [1, 2, 5]) {
      const found = await pagesOf<{ repositories: string[] }>(host, `/v2/_catalog?n=${n}`)
      assert.deepEqual(
        found.flatMap((page) => page.repositories),
        [...REPOSITORIES, 'tags/repo'],
      )
    }
  })

  test('following Link yields every tag once, in order', async () => {
    for (let n = 1; n <= TAGS.length; n += 1) {
      const found = await pagesOf<{ tags: string[] }>(host, `/v2/tags/repo/tags/list?n=${n}`)
      assert.deepEqual(
        found.flatMap((page) => page.tags),
        TAGS,
      )
      assert.ok(found.every((page) => page.tags.length <= n))
    }
  })
})
