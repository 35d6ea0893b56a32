/**
 * Texts that are nested too deeply for a parser.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { isTooDeep } from '../../functions/shared/yaml-depth.ts'

const many = (text: string): string => text.repeat(Math.ceil(20_000 / text.length))

test.each([
  ['lists in brackets', many('['), true],
  ['maps in braces', many('{a: '), true],
  ['lists in a line', many('- '), true],
  ['keys in a line', many('? '), true],
  [
    'steps of a line each',
    Array.from({ length: 300 }, (_, at) => `${' '.repeat(at)}a:`).join('\n'),
    true,
  ],
  ['a flat list', many('- x\n'), false],
  ['a list of maps', many('- {a: [1], b: {c: d}}\n'), false],
  ['a map of lists', many('a: [b, c]\n'), false],
  ['brackets in quotes', `a: "${many('[')}"\n`, false],
  ['brackets in a plain text', `a: x${many('[')}\n`, false],
  ['brackets in a comment', `# ${many('[')}\na: b\n`, false],
  ['brackets in a text of lines', `a: |\n${many('  [\n')}`, false],
  ['JSON', JSON.stringify({ rules: Array(1000).fill({ who: ['a'], actions: ['pull'] }) }), false],
  ['a small text, which costs nothing', '['.repeat(9_000), false],
])('%s: %s', (_, text, deep) => {
  expect(isTooDeep(text)).toBe(deep)
})
