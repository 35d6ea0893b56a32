/**
 * Pages of keys: which responses are read directly, and which are left to the SDK.
 *
 * @module
 */

import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { describe, test } from 'vitest'
import { parseListing } from '../../../../functions/storage/s3/direct/listing.ts'
import { openOn, openStore } from '../harness.ts'

const XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

const object = (key: string, size = '7', modified = '2026-01-02T03:04:05.000Z'): string =>
  `<Contents><Key>${key}</Key><LastModified>${modified}</LastModified><ETag>&quot;e&quot;</ETag>` +
  `<Size>${size}</Size><Owner><ID>Key</ID></Owner><StorageClass>STANDARD</StorageClass></Contents>`
const prefix = (text: string): string => `<CommonPrefixes><Prefix>${text}</Prefix></CommonPrefixes>`

const page = (
  entries: string,
  count: number,
  { truncated = 'false', encoding = '<EncodingType>url</EncodingType>' } = {},
): string =>
  `${XML}<ListBucketResult ${NAMESPACE}><Name>b</Name><Prefix>p%2F</Prefix><KeyCount>${count}</KeyCount>` +
  `<MaxKeys>9</MaxKeys>${encoding}<IsTruncated>${truncated}</IsTruncated>${entries}</ListBucketResult>`

describe('a page', () => {
  test('is read as it was sent', () => {
    const entries = object('p/a+b%26') + prefix('p/c/') + object('p/d', '0')
    assert.deepEqual(parseListing(page(entries, 3, { truncated: 'true' })), {
      encoding: 'url',
      objects: [
        { key: 'p/a+b%26', size: 7, etag: 'e', modified: new Date('2026-01-02T03:04:05Z') },
        { key: 'p/d', size: 0, etag: 'e', modified: new Date('2026-01-02T03:04:05Z') },
      ],
      prefixes: ['p/c/'],
      truncated: true,
    })
  })

  test('may be empty', () => {
    const empty = { encoding: 'url', objects: [], prefixes: [], truncated: false }
    assert.deepEqual(parseListing(page('', 0)), empty)
  })

  test('may be without an encoding', () => {
    for (const encoding of ['', '<EncodingType></EncodingType>', '<EncodingType/>']) {
      const listing = parseListing(page(object('a b%'), 1, { encoding }))
      assert.equal(listing?.encoding, undefined)
      assert.equal(listing?.objects[0]?.key, 'a b%')
    }
  })

  const unusual: Readonly<Record<string, string>> = {
    'another encoding': page(object('a'), 1, { encoding: '<EncodingType>x</EncodingType>' }),
    'markup in a key': page(object('a&amp;b'), 1),
    'a CDATA section': page(object('<![CDATA[a]]>'), 1),
    'an entry without a size': page(object('a').replace('<Size>7</Size>', ''), 1),
    'an invalid time': page(object('a', '7', 'yesterday'), 1),
    'names with a prefix': page(object('a').replaceAll(/<(\/?)Contents/g, '<$1s3:Contents'), 1),
    'another number of entries': page(object('a'), 2),
    'no number of entries': page(object('a'), 1).replace(/<KeyCount>1<\/KeyCount>/, ''),
    'another element': '<Error><Code>InternalError</Code></Error>',
    'half a response': page(object('a'), 1).slice(0, -10),
    nothing: '',
  }
  for (const [description, xml] of Object.entries(unusual)) {
    test(`is left to the SDK: ${description}`, () => assert.equal(parseListing(xml), undefined))
  }
})

describe('a listing', () => {
  test('is one direct request, for keys with any characters', async (t) => {
    const { store, s3 } = await openStore(t)
    const keys = ['%41', 'a b+c', "a'()*!~", 'a/b', 'a&<b>"', 'é', '漢/x'].toSorted()
    for (const key of keys) await store.put(`in/${key}`, new Uint8Array(3))
    s3.counter.reset()
    const { objects, truncated } = await store.list('in/')
    assert.deepEqual(
      objects.map(({ key, size }) => [key, size]),
      keys.map((key) => [`in/${key}`, 3]),
    )
    assert.equal(truncated, false)
    const rest = await store.list('in/', { startAfter: 'in/a b+c', delimiter: '/', limit: 2 })
    assert.deepEqual(
      [...rest.objects.map(({ key }) => key), ...rest.prefixes, rest.truncated],
      ['in/a&<b>"', "in/a'()*!~", true],
    )
    assert.deepEqual(s3.counter.counts, { ListObjectsV2: 2 })
  })

  const bySdk = ({ headers }: IncomingMessage): boolean => headers['user-agent'] !== undefined

  const answers: Readonly<Record<string, readonly [status: number, text: string, plain: number]>> =
    {
      'a failure, each time': [503, '<Error><Code>SlowDown</Code></Error>', 2],
      'an unusual page, from then on': [200, page(object('a&amp;b'), 1), 1],
    }
  for (const [description, [status, text, expected]] of Object.entries(answers)) {
    test(`is left to the SDK after ${description}`, async (t) => {
      let plain = 0
      const store = await openOn(t, (request, response) => {
        if (bySdk(request)) return void response.end(page(object('a'), 1))
        plain += 1
        response.writeHead(status).end(text)
      })
      for (let time = 0; time < 2; time++) {
        const { objects } = await store.list('')
        assert.deepEqual(
          objects.map(({ key }) => key),
          ['a'],
        )
      }
      assert.equal(plain, expected)
    })
  }
})
