/**
 * What the responses of several endpoints have in common.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { warning } from '../../functions/api/responses.ts'

test.each<[what: string, text: string, expected: string]>([
  ['words', 'it is old', '299 - "it is old"'],
  ['quotes', 'it says "no"', '299 - "it says \\"no\\""'],
  ['other letters', 'a → ü', '299 - "a \\u2192 \\u00fc"'],
  ['control characters', 'a\r\nb\u0000\u007f', '299 - "a\\r\\nb\\u0000\\u007f"'],
])('a warning of %s is a header', (_, text, expected) => {
  expect(warning(text)).toBe(expected)
  expect(new Headers({ Warning: warning(text) }).get('Warning')).toBe(expected)
})

test('a warning has a length that clients take', () => {
  expect(warning('→'.repeat(10_000)).length).toBeLessThan(4096)
})
