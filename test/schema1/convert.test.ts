/**
 * What an image of schema 2 is in schema 1. That it is what distribution makes of any image, test/interop/schema1.suite.ts
 * shows with distribution's own code.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { digestOf } from '../../functions/registry/reference.ts'
import { convert } from '../../functions/schema1/convert.ts'
import { goTime } from '../../functions/schema1/go-json.ts'
import { CONFIG, CONVERTED, LAYERS } from './image.ts'

const image = { name: 'library/app', tag: 'v1', config: CONFIG, layers: LAYERS }

test('it has the digest that distribution gives it', () => {
  expect(digestOf(Buffer.from(convert(image)))).toBe(CONVERTED)
})

const json = (config: object) => Buffer.from(JSON.stringify(config))

test.each([
  ['no JSON', Buffer.from('{'), [], /config is not JSON/],
  ['no history', json({ rootfs: { diff_ids: [] } }), [], /not that of an image with a history/],
  ['an empty history', json({ history: [] }), [], /no history/],
  ['other layers', CONFIG, LAYERS.slice(1), /of 2 layers, but its manifest has 1/],
  [
    'more steps with layers than layers',
    json({ rootfs: { diff_ids: [] }, history: [{}] }),
    [],
    /more layers than it has/,
  ],
  [
    'a time that is none',
    json({ rootfs: { diff_ids: [] }, history: [{ created: 'then', empty_layer: true }] }),
    [],
    /"then" for a time/,
  ],
])('%s: cannot be shown', (_, config, layers, message) => {
  expect(() => convert({ ...image, config, layers })).toThrow(message)
})

test.each([
  ['2020-01-02T03:04:05Z', '2020-01-02T03:04:05Z'],
  ['2020-01-02T03:04:05.000Z', '2020-01-02T03:04:05Z'],
  ['2020-01-02T03:04:05.1234567899+05:30', '2020-01-02T03:04:05.123456789+05:30'],
  ['2020-01-02T03:04:05,5-00:00', '2020-01-02T03:04:05.5Z'],
  ['2020-02-29T00:00:00Z', '2020-02-29T00:00:00Z'],
  ['2021-02-29T00:00:00Z', undefined],
  ['2021-00-01T00:00:00Z', undefined],
  ['2021-01-01T24:00:00Z', undefined],
  ['2021-01-01T00:00:60Z', undefined],
  ['2021-01-01 00:00:00Z', undefined],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
])('time %s is %s', (text, written) => {
  expect(goTime(text)).toBe(written)
})
