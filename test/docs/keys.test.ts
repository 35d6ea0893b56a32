/**
 * docs/clean-up.md says of every key that Slipway writes who removes it.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as events from '../../functions/events/keys.ts'
import { outboxKey } from '../../functions/events/record.ts'
import * as layout from '../../functions/registry/layout.ts'
import * as search from '../../functions/search/keys.ts'

const DOCUMENT = readFileSync(join(import.meta.dirname, '../../docs/clean-up.md'), 'utf8')

/** Keys in the first column of the table, with their places. */
const patterns = [...DOCUMENT.matchAll(/^\| `((?:docker|slipway)\/[^`]+)` \|/gm)].map(
  ([, key = '']) => key,
)

/** A key as a pattern: a place is filled with anything, a name may have slashes. */
const toRegExp = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .split(/(<[^>]+>)/)
      .map((part) => {
        if (!part.startsWith('<')) return part.replace(/[.!]/g, '\\$&')
        return part === '<name>' ? '.+' : '[^/]+'
      })
      .join('')}$`,
  )

const D = `sha256:${'a'.repeat(64)}` as const

const DELIVERY = { receiver: 'hooks', at: '1735689600000', lane: 'a'.repeat(12), id: 'id' }

const RECORD = { at: 0, id: 'id' }

/** One key of each function that makes keys; those that make prefixes, and those that read keys, make none. */
const KEYS: Readonly<Record<string, string | undefined>> = {
  dataKey: layout.dataKey(D),
  layerLinkKey: layout.layerLinkKey('a/b', D),
  revisionLinkKey: layout.revisionLinkKey('a/b', D),
  tagLinkKey: layout.tagLinkKey('a/b', 'v1'),
  catalogKey: layout.catalogKey('a/b'),
  referrerKey: layout.referrerKey('a/b', D, D),
  referrerPageKey: layout.referrerPageKey('a/b', D),
  aliasKey: layout.aliasKey(`sha512:${'b'.repeat(128)}`),
  markerKey: layout.markerKey(D),
  deletionKey: layout.deletionKey('a/b', 0, 'id'),
  deletedRepositoryKey: layout.deletedRepositoryKey('a/b'),
  pulledKey: layout.pulledKey('a/b', D),
  schema1Key: layout.schema1Key('a/b', D),
  v1ImagesKey: layout.v1ImagesKey('a/b', D),
  v1IdKey: layout.v1IdKey('a/b', 'f'.repeat(64), D),
  v1UnfinishedKey: layout.v1UnfinishedKey('a/b', 'f'.repeat(64)),
  cleanUpKey: layout.cleanUpKey('lease'),
  mirrorKey: layout.mirrorKey('state'),
  quotaKey: layout.quotaKey('0123456789abcdef'),
  damagedKey: layout.damagedKey(D),
  uploadDataKey: layout.uploadDataKey('uuid', 'nonce'),
  uploadSegmentKey: layout.uploadSegmentKey('uuid', 0, 'nonce'),
  uploadLatestStateKey: layout.uploadLatestStateKey('uuid'),
  uploadCancelledKey: layout.uploadCancelledKey('uuid'),
  fetchedTagKey: layout.fetchedTagKey('a/b', 'v1'),
  fetchedMarkKey: layout.fetchedMarkKey('a/b'),
  fetchingKey: layout.fetchingKey(D, 'up'),
  failedLogInsKey: layout.failedLogInsKey('bucket'),
  shardKey: search.shardKey(255),
  outboxKey: outboxKey(RECORD),
  waitingKey: events.waitingKey(DELIVERY),
  deadKey: events.deadKey(DELIVERY),
  endedKey: events.endedKey('hooks'),
  deliveryLeaseKey: events.deliveryLeaseKey(events.COPYING),
}

const exported = [
  ...Object.entries(layout),
  ...Object.entries(events),
  ...Object.entries(search),
  ['outboxKey', outboxKey] as const,
]
const isPrefix = (name: string): boolean => /prefix$/i.test(name)

describe('functions that make keys', () => {
  test.each(
    exported.flatMap(([name, value]) =>
      typeof value === 'function' && /Key$/.test(name) ? [name] : [],
    ),
  )('%s: its keys are in the table', (name) => {
    const key = KEYS[name]
    if (key === undefined)
      throw new Error(`${name} is new: give it a key here, and the table a row`)
    expect(patterns.filter((pattern) => toRegExp(pattern).test(key))).toHaveLength(1)
  })
})

describe('constants', () => {
  const constants = exported.flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : [],
  )

  test.each(constants.filter(([name]) => /_KEY$/.test(name)))('%s is in the table', (_, key) => {
    expect(patterns.filter((pattern) => toRegExp(pattern).test(key))).toHaveLength(1)
  })

  test.each(constants.filter(([name]) => isPrefix(name)))('%s: keys below are', (_, prefix) => {
    const fixed = patterns.map((pattern) => pattern.replace(/<.*/, ''))
    expect(fixed.some((each) => each.startsWith(prefix) || prefix.startsWith(each))).toBe(true)
  })
})

test('there is nothing in the table that nobody writes', () => {
  const keys = [...Object.values(KEYS), ...exported.map(([, value]) => value)].filter(
    (value) => typeof value === 'string',
  )
  const unused = patterns.filter((pattern) => !keys.some((key) => toRegExp(pattern).test(key)))
  // Written by distribution and by 1.0 only.
  expect(unused.map((each) => each.replace(/.*<tag>/, ''))).toEqual([
    '/index/<algorithm>/<hex>/link',
  ])
})
