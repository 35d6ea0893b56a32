/**
 * Digests, repository names, tags and references.
 *
 * @module
 */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { RegistryError } from '../../functions/registry/errors.ts'
import {
  algorithmOf,
  digestOf,
  hexOf,
  isDigest,
  isName,
  isTag,
  parseDigest,
  parseName,
  parseReference,
  parseTag,
} from '../../functions/registry/reference.ts'
import { quoted } from '../../functions/shared/errors.ts'

const HEX = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const HEX512 = 'ab'.repeat(64)

/** Asserts what a parser throws: the code, and the value in the message. */
const refuses = (parse: (text: string) => unknown, text: string, code: string, message: RegExp) =>
  assert.throws(
    () => parse(text),
    (error: unknown) => {
      assert.ok(error instanceof RegistryError)
      assert.equal(error.code, code)
      assert.match(error.message, message)
      assert.ok(error.message.includes(quoted(text)))
      return true
    },
  )

describe('digests', () => {
  for (const text of [`sha256:${HEX}`, `sha512:${HEX512}`]) {
    test(`${text.slice(0, 12)}…`, () => {
      assert.equal(parseDigest(text), text)
      const digest = parseDigest(text)
      assert.equal(`${algorithmOf(digest)}:${hexOf(digest)}`, text)
    })
  }

  const bad: readonly (readonly [string, RegExp])[] = [
    ['', /expected sha256/],
    [HEX, /expected sha256/],
    ['sha256', /expected sha256/],
    ['sha256:', /expected sha256/],
    [`sha256:${HEX.toUpperCase()}`, /in lower case/],
    [`sha256:${HEX}0`, /64 hex digits/],
    [`sha256:${HEX.slice(1)}`, /64 hex digits/],
    [`sha256:${HEX512}`, /64 hex digits/],
    [`sha512:${HEX}`, /128 hex digits/],
    [`SHA256:${HEX}`, /"SHA256" is not supported/],
    [`md5:${'0'.repeat(32)}`, /"md5" is not supported: use sha256 or sha512/],
    [`sha256:${HEX}\n`, /expected sha256/],
    [`toString:${HEX}`, /"toString" is not supported/],
    [`sha256:../${HEX.slice(3)}`, /expected sha256/],
  ]
  for (const [text, message] of bad) {
    test(`not ${quoted(text)}`, () => refuses(parseDigest, text, 'DIGEST_INVALID', message))
  }

  test('of bytes', () => {
    assert.equal(digestOf(new Uint8Array()), `sha256:${HEX}`)
    assert.ok(digestOf(new Uint8Array(), 'sha512').startsWith('sha512:cf83e1357eefb8bd'))
  })

  test('of any bytes are digests', () =>
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom('sha256' as const, 'sha512' as const), (b, a) =>
        assert.ok(isDigest(digestOf(b, a))),
      ),
    ))
})

describe('names', () => {
  const good = [
    'a',
    '0',
    'a/b/c',
    'a.b',
    'a_b',
    'a__b',
    'a-b',
    'a---b',
    'library/alpine',
    'x'.repeat(255),
  ]
  for (const name of good) test(quoted(name), () => assert.equal(parseName(name), name))

  const bad = [
    ...['', '/', 'a/', '/a', 'a//b', 'A', 'ä', 'a b', '.a', 'a.', 'a..b', 'a._b', 'a___b', '-a'],
    ...['a-', '_a', 'a_', '..', 'a/../b', 'a\n', 'a\0', '$', 'a:b', 'a@b', 'a%2fb', 'a\\b'],
  ]
  for (const name of bad) {
    test(`not ${quoted(name)}`, () =>
      refuses(parseName, name, 'NAME_INVALID', /invalid repository name/))
  }

  test('of more than 255 characters are refused', () =>
    refuses(parseName, 'x'.repeat(300), 'NAME_INVALID', /it has 300 characters, at most 255/))

  test('whatever does not match the grammar is refused, quickly at any length', () =>
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'a-_./A'), maxLength: 300 }), (name) => {
        const component = /^[a-z0-9]+$/
        const model =
          name.length <= 255 &&
          name
            .split('/')
            .every((part) =>
              part
                .split(/(?<=[a-z0-9])(?:\.|__|_|-+)(?=[a-z0-9])/)
                .every((word) => component.test(word)),
            )
        assert.equal(isName(name), model)
      }),
      { numRuns: 2000 },
    ))
})

describe('tags', () => {
  for (const tag of ['a', '0', '_', 'v1.0-rc.1_x', 'LATEST', 'x'.repeat(128)]) {
    test(quoted(tag), () => assert.equal(parseTag(tag), tag))
  }
  for (const tag of ['', '.', '-', '-a', '.a', 'a/b', 'a b', 'ä', 'a\n', 'x'.repeat(129), 'a:b']) {
    test(`not ${quoted(tag)}`, () => {
      assert.equal(isTag(tag), false)
      refuses(parseTag, tag, 'TAG_INVALID', /invalid tag/)
    })
  }
})

describe('references', () => {
  test('without a colon are tags', () => assert.deepEqual(parseReference('v1'), { tag: 'v1' }))
  test('with a colon are digests', () => {
    assert.deepEqual(parseReference(`sha256:${HEX}`), { digest: `sha256:${HEX}` })
    refuses(parseReference, 'a:b', 'DIGEST_INVALID', /not supported/)
  })
})

test('values in messages are quoted, printable and short', () => {
  assert.equal(quoted('a"b\n'), '"a\\"b\\n"')
  assert.equal(quoted('x'.repeat(81)), `"${'x'.repeat(77)}..."`)
})
