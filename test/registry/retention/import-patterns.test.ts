/**
 * Patterns of other registries: what they become matches at least, or at most, what they match there.
 *
 * @module
 */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  repositoryPatterns,
  tagPatterns,
} from '../../../functions/registry/retention/import/globs.ts'
import { convertRegex } from '../../../functions/registry/retention/import/regex.ts'
import { compilePatterns } from '../../../functions/registry/retention/pattern.ts'
import { doublestar } from './doublestar.ts'

const piece = fc.constantFrom('a', 'b', 'ab', '*', '**', '?', '[ab]', '{a,b}', '{a,b*}', '-')
const component = fc.array(piece, { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join(''))
const glob = fc.array(component, { minLength: 1, maxLength: 3 }).map((all) => all.join('/'))
const word = fc.stringMatching(/^[ab-]{1,4}$/)
const name = fc.array(word, { minLength: 1, maxLength: 3 }).map((all) => all.join('/'))

test('doublestar here is as it is documented', () => {
  for (const [pattern, text, expected] of [
    ['**', 'a/b', true],
    ['*', 'a/b', false],
    ['a/**', 'a', true],
    ['a/**', 'a/b/c', true],
    ['**/b', 'b', true],
    ['a/**/b', 'a/b', true],
    ['a**', 'a/b', false],
    ['a**', 'ab', true],
    ['{a,b*}/x', 'bc/x', true],
    ['[ab]?', 'bz', true],
    ['[ab]?', 'cz', false],
    ['a.b', 'axb', false],
  ] as const) {
    expect([pattern, text, doublestar(pattern, text)]).toEqual([pattern, text, expected])
  }
})

describe('doublestar', () => {
  test('of repositories: what is kept is at least as much, what is removed at most', () =>
    fc.assert(
      fc.property(glob, name, (pattern, text) => {
        const { atLeast, atMost } = repositoryPatterns(pattern)
        const there = doublestar(pattern, text)
        if (there) expect(compilePatterns(atLeast)(text)).toBe(true)
        if (compilePatterns(atMost)(text)) expect(there).toBe(true)
      }),
      { numRuns: 2_000 },
    ))

  test('of tags', () =>
    fc.assert(
      fc.property(component, word, (pattern, text) => {
        const { atLeast, atMost } = tagPatterns(pattern)
        const there = doublestar(pattern, text)
        if (there) expect(compilePatterns(atLeast)(text)).toBe(true)
        if (compilePatterns(atMost)(text)) expect(there).toBe(true)
      }),
      { numRuns: 2_000 },
    ))

  for (const [pattern, atLeast, atMost] of [
    ['**', ['**'], ['**']],
    ['', ['**'], ['**']],
    ['app', ['app'], ['app']],
    ['{a,b}/*', ['a/*', 'b/*'], ['a/*', 'b/*']],
    ['a/**', ['a/**', 'a'], ['a/**']],
    ['a?', ['a*'], []],
    ['a[0-9]', ['a*'], []],
    ['UPPER', [], []],
    ['{a', ['**'], []],
    ['{a,{b,c}}', ['a', 'b', 'c'], ['a', 'b', 'c']],
    ['a\\*', ['a*'], []],
    [Array(10).fill('{a,b}').join(''), ['**'], []],
  ] as const) {
    test(`${pattern || 'an empty one'}`, () => {
      const converted = repositoryPatterns(pattern)
      expect([[...converted.atLeast].sort(), [...converted.atMost].sort()]).toEqual([
        [...atLeast].sort(),
        [...atMost].sort(),
      ])
    })
  }
})

const atom = fc.constantFrom(
  'a',
  'b',
  '.',
  '[ab]',
  '[^a]',
  '\\d',
  '\\.',
  '1',
  '-',
  '(a|b)',
  '(?i)a',
)
const times = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,}', '*?')
const regex = fc
  .tuple(
    fc.constantFrom('', '^'),
    fc.array(
      fc.tuple(atom, times).map(([one, many]) => (one === '(?i)a' ? 'a' : one) + many),
      { minLength: 1, maxLength: 4 },
    ),
    fc.constantFrom('', '$', '|b', '|^a$'),
  )
  .map(([begin, atoms, end]) => begin + atoms.join('') + end)

describe('regular expressions', () => {
  test('become patterns that match at least as much; exact ones no more', () =>
    fc.assert(
      fc.property(regex, fc.stringMatching(/^[ab1.-]{1,5}$/), (text, tag) => {
        const converted = convertRegex(text)
        const there = new RegExp(text).test(tag)
        const here = compilePatterns(converted.map(({ pattern }) => pattern))(tag)
        if (there) expect(here).toBe(true)
        if (converted.every(({ exact }) => exact)) expect(here).toBe(there)
      }),
      { numRuns: 4_000 },
    ))

  for (const [text, patterns, exact] of [
    ['.*', ['*'], true],
    ['^v2\\.', ['v2.*'], true],
    ['.*-prod$', ['*-prod'], true],
    ['^latest$', ['latest'], true],
    ['^latest$|^stable$', ['latest', 'stable'], true],
    ['v2.*', ['*v2*'], true],
    ['^v[0-9]+$', ['v*'], false],
    ['^(a|b)$', ['*'], false],
    ['sha256-.*', ['*sha256-*'], true],
    ['\\d{4}', ['*'], false],
    ['(?i)latest', ['*'], false],
  ] as const) {
    test(text, () => {
      const converted = convertRegex(text)
      expect(converted.map(({ pattern }) => pattern)).toEqual(patterns)
      expect(converted.every((each) => each.exact)).toBe(exact)
    })
  }
})
