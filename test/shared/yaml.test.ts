/**
 * What messages say of a document that is wrong: where, and what is expected. Nothing of what it has in it, which may be
 * a secret, but where the kind of document has none.
 *
 * @module
 */

import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import * as z from '../../functions/shared/schema.ts'
import { parseYaml, plainYaml } from '../../functions/shared/yaml.ts'

const schema = z.strictObject({ url: z.string().check(z.regex(/^a$/, 'expected a')) })

const faultOf = (text: string, showsValues = false): Error => {
  try {
    parseYaml(text, { what: 'things', schema, fieldsAt: () => 'url', showsValues })
  } catch (error) {
    return error as Error
  }
  throw new Error('it is read')
}

/** Texts that are wrong for the sake of what they have in them. */
const WRONG = [
  'hunter2',
  'url: hunter2',
  'url: [hunter2]',
  'url: *hunter2',
  'url: !hunter2',
  'url: !!hunter2 a',
  'url: !hunter2! a',
  'url: !<hunter2',
  'url: &hunter2: a',
  'url: "\\hunter2"',
  'url: "hunter2',
  "url: 'hunter2",
  'url: "a" hunter2',
  'url: "a"hunter2',
  'url: @hunter2',
  'url: %hunter2',
  'url: [a] hunter2',
  'url: a\n hunter2: b',
  'url: a\nhunter2',
  'url: | hunter2',
  'url: >hunter2\n a',
  '%hunter2\n---\nurl: a',
  '%YAML hunter2\n---\nurl: a',
  '--- hunter2\n--- hunter2',
  '{"url": hunter2',
  '{"url": "hunter2"} hunter2',
  'url: a: hunter2',
  '\turl: hunter2',
  '? hunter2\n: a',
]

describe('nothing of the text is in a message', () => {
  // An unknown field is named: it is no value.
  test.each(WRONG.filter((text) => !text.includes('? ')))('%j', (text) => {
    const fault = faultOf(text)
    expect(fault).toMatchObject({ name: 'DocumentError' })
    expect(fault.message).toMatch(/^things, line \d+, column \d+: ./)
    expect(withoutStack(fault)).not.toContain('hunter2')
  })

  test.each(WRONG)('%j as plain values', (text) => {
    try {
      plainYaml(text)
    } catch (error) {
      expect(error).toMatchObject({ name: 'DocumentError' })
      expect(withoutStack(error as Error)).not.toContain('hunter2')
    }
  })

  test.each(['a: &x [*x]', `${'a: &a [x]\nb: '}[${'*a, '.repeat(1000)}*a]`])(
    'names of YAML are plain values or a fault: %j',
    (text) => {
      try {
        plainYaml(text)
      } catch (error) {
        expect(error).toMatchObject({ name: 'DocumentError' })
      }
    },
  )
})

/** As a log has it, with what it was caused by. */
const withoutStack = (error: Error): string =>
  inspect({ ...error, m: error.message, c: error.cause })

test.each([
  ['where values are shown', true, 'things, line 1, column 6: url is "b": expected a'],
  ['otherwise', false, 'things, line 1, column 6: url: expected a'],
])('a value that is wrong, %s', (_, shows, message) =>
  expect(faultOf('url: b', shows).message).toBe(message),
)

test('a text in place of a document is never shown', () =>
  expect(faultOf('hunter2', true).message).toMatch(/^things, line 1, column 1: the document: /))

test('what is no YAML says where', () =>
  expect(() => plainYaml('a: 1\na: 2')).toThrow(/^Map keys must be unique at line 2, column 1$/))

test('values are read', () => {
  expect(plainYaml('a: &x [1]\nb: *x')).toEqual({ a: [1], b: [1] })
  expect(plainYaml('!strange 1')).toBe('1')
})
