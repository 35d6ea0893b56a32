/**
 * Addresses that are made without the SDK; that they are the SDK's own is in direct/compare.slow.ts.
 *
 * @module
 */
import { expect, test } from 'vitest'
import { addressOf } from '../../../functions/storage/s3/address.ts'
import type { S3StoreOptions } from '../../../functions/storage/s3/place.ts'

const BOX = { bucket: 'box', region: 'eu-west-1', plainAddress: true }

const ROWS: readonly (readonly [Partial<S3StoreOptions>, string | undefined])[] = [
  [{}, 'https://box.s3.eu-west-1.amazonaws.com/'],
  [{ dualstack: true }, 'https://box.s3.dualstack.eu-west-1.amazonaws.com/'],
  [{ forcePathStyle: true }, 'https://s3.eu-west-1.amazonaws.com/box/'],
  [{ region: 'cn-north-1' }, 'https://box.s3.cn-north-1.amazonaws.com.cn/'],
  [{ endpoint: 'http://s3.example:9000' }, 'http://box.s3.example:9000/'],
  [{ endpoint: 'http://127.0.0.1:9000/x/' }, 'http://127.0.0.1:9000/x/box/'],
  // The SDK is asked.
  [{ plainAddress: undefined }, undefined],
  [{ region: 'us-gov-west-1' }, undefined],
  [{ bucket: 'box.with.dots' }, undefined],
  [{ bucket: 'box-s3alias' }, undefined],
  [{ bucket: 'box--use1-az4--x-s3' }, undefined],
  [{ bucket: 'arn:aws:s3:eu-west-1:123456789012:accesspoint/box' }, undefined],
]

test.each(ROWS)('%j', (options, address) => {
  expect(addressOf({ ...BOX, ...options })?.href).toBe(address)
})
