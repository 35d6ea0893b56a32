/**
 * Which hosts get a client's credentials along with a redirect, as Go's HTTP client decides it.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { isSameOrBelow } from '../../functions/api/store-host.ts'

/** As `net/http` of Go 1.26 answers for each pair. */
const ROWS: readonly (readonly [registry: string, store: string, along: boolean])[] = [
  ['127.0.0.1', '127.0.0.1', true],
  ['127.0.0.1', '127.0.0.2', false],
  ['127.0.0.1', 'localhost', false],
  ['0.0.1', '127.0.0.1', true],
  ['localhost', 'bucket.localhost', true],
  ['registry.example', 'registry.example', true],
  ['registry.example', 's3.registry.example', true],
  ['registry.example', 'bucket.s3.registry.example', true],
  ['registry.example', 'myregistry.example', false],
  ['registry.example', 's3.example', false],
  ['registry.example', 'example', false],
  ['s3.registry.example', 'registry.example', false],
  ['[::1]', '[::1]', true],
  ['[::1]', '[::2]', false],
  ['[::1]', '[1::1]', false],
]

test.each(ROWS)('from %s to %s: %s', (registry, store, along) => {
  expect(isSameOrBelow(store, registry)).toBe(along)
})

// Go compares the text, and sends nothing to these; other clients may know better.
test('a name in capitals, or with a dot at its end, is the same name', () => {
  expect(isSameOrBelow('S3.Registry.example', 'registry.Example')).toBe(true)
  expect(isSameOrBelow('s3.registry.example', 'registry.example.')).toBe(true)
  expect(isSameOrBelow('registry.example.', 'registry.example')).toBe(true)
})
