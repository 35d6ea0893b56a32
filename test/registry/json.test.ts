/**
 * JSON is checked as all readers read it, and members are found as JSON.parse finds them.
 *
 * @module
 */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonError } from '../../functions/registry/json/errors.ts'
import { readMembers } from '../../functions/registry/json/members.ts'
import type { Shape } from '../../functions/registry/json/shape.ts'
import { readJson } from '../../functions/registry/json/strict.ts'
import { atOnce } from '../../functions/shared/turns.ts'

const SHAPE: Shape = {
  fields: {
    size: 'integer',
    keys: { elements: 'string' },
    map: { values: 'string' },
    inner: { fields: { kind: 'string' } },
    other: 'any',
  },
}
const LIMITS = { depth: 4, values: 8, members: 7 }

const LIMITS_OF_ALL = { depth: 1000, values: 10_000, members: 1000 }

const namesOf = (letters: string): string =>
  Array.from(letters, (letter) => `"${letter}":""`).join()

/** Why a text is refused; undefined if it is not. */
const refusal = (text: string | Uint8Array): string | undefined => {
  try {
    atOnce(readJson(Buffer.from(text as string), SHAPE, LIMITS))
    return undefined
  } catch (error) {
    if (error instanceof JsonError) return error.message
    throw error
  }
}

describe('JSON that all readers read alike', () => {
  test.each([
    '{}',
    ' { } \r\n\t',
    '{"size":0}',
    '{"size":9007199254740991}',
    '{"size":null,"keys":null,"map":null,"inner":null}',
    '{"\\u0073ize":1}',
    '{"keys":["", "\\u0000\\ud83d\\ude00\\uD83D\\uDE00é\u2028"]}',
    '{"map":{"size":"1","Size":"2","SIZE":"3","__proto__":"","constructor":""}}',
    '{"other":1e3}',
    '{"other":[-0, 1.5E+3, -1e-2, 0.0]}',
    '{"unknown":{"Size":1,"size":1.0}}',
    '{"inner":{"size":1.0,"Size":2}}',
    '{"sizes":1,"siz":2,"ѕize":3}',
    '{"a":[[[]]]}',
    '{"a":[1,2,3,4,5,6,7]}',
  ])('is accepted: %j', (text) => {
    expect(refusal(text)).toBeUndefined()
    expect(JSON.parse(text)).toBeTypeOf('object')
  })

  test.each<[string, string | Uint8Array, RegExp]>([
    ['a byte order mark', '\uFEFF{}', /byte order mark/],
    ['UTF-16', Buffer.from('{}', 'utf16le'), /not JSON/],
    ['bytes that are not UTF-8', Buffer.from('{"a":"\xff"}', 'latin1'), /not JSON in UTF-8/],
    ['an overlong form', Buffer.from('{"a":"\xc0\xaf"}', 'latin1'), /not JSON in UTF-8/],
    ['half a pair in UTF-8', Buffer.from('{"a":"\xed\xa0\x80"}', 'latin1'), /not JSON in UTF-8/],
    ['half a pair, the first', '{"a":"\\ud83d"}', /half a surrogate pair at 6: \\ud83d/],
    ['half a pair, the second', '{"a":"\\ude00"}', /half a surrogate pair/],
    ['two first halves', '{"a":"\\ud83d\\ud83d"}', /half a surrogate pair/],
    ['half a pair before another escape', '{"a":"\\ud83d\\n1234"}', /half a surrogate pair/],
    ['half a pair in a name', '{"\\uDC00":1}', /half a surrogate pair/],
    ['the same name twice', '{"a":1,"a":1}', /^a: it is there twice/],
    ['the same name escaped', '{"a":1,"\\u0061":1}', /^a: it is there twice/],
    ['the same name in a map', '{"map":{"x":"","x":""}}', /^map\.x: it is there twice/],
    ['the same name in what is unknown', '{"b":[{"c":1,"c":2}]}', /^b\.0\.c: it is there twice/],
    ['a name in capitals', '{"Size":1}', /^Size: some readers take it for size/],
    ['beside the right one', '{"size":1,"SIZE":1}', /^SIZE: some readers take it for size/],
    ['with a long s', '{"ſize":1}', /^ſize: some readers take it for size/],
    ['with the Kelvin sign', '{"\u212Aeys":[]}', /some readers take it for keys/],
    ['with the Kelvin sign escaped', '{"\\u212aeyS":[]}', /some readers take it for keys/],
    ['in capitals, further down', '{"inner":{"Kind":""}}', /^inner\.Kind: some readers take/],
    ['a field whose value is free', '{"Other":1}', /^Other: some readers take it for other/],
    ...['1.0', '1e3', '1E0', '-0', '-1', '9007199254740992', '1e400', '0.5'].map(
      (number): [string, string, RegExp] => [
        `the size ${number}`,
        `{"size":${number}}`,
        /^size: expected an integer from 0 to 9007199254740991 in digits alone, not /,
      ],
    ),
    ['a string as integer', '{"size":"1"}', /^size: expected an integer/],
    ['true as integer', '{"size":true}', /^size: expected an integer/],
    ['a list as integer', '{"size":[1]}', /^size: expected an integer/],
    ['a number as string', '{"inner":{"kind":1}}', /^inner\.kind: expected a string/],
    ['a number in a list', '{"keys":["",1]}', /^keys\.1: expected a string/],
    ['null in a list', '{"keys":[null]}', /^keys\.0: expected a string/],
    ['null in a map', '{"map":{"a":null}}', /^map\.a: expected a string/],
    ['an object as list', '{"keys":{}}', /^keys: expected a JSON array/],
    ['a list as object', '{"inner":[]}', /^inner: expected a JSON object/],
    ['a list as map', '{"map":[]}', /^map: expected a JSON object/],
    ['another document', '[]', /^expected a JSON object/],
    ['null', 'null', /^expected a JSON object/],
    ['5 levels', '{"a":[[[[]]]]}', /more than 4 arrays and objects inside each other/],
    ['8 members of one object', `{${namesOf('abcdefgh')}}`, /an object of more than 7 members/],
    ['9 elements', '{"a":[1,2,3,4,5,6,7,8]}', /more than 8 members and elements/],
    ['9 members', `{"x":{${namesOf('abcd')}},"y":{${namesOf('abcd')}}}`, /more than 8 members/],
    ['more after the end', '{} {}', /more after its end, at 3/],
    ['a zero byte after the end', '{}\0', /not JSON/],
    ['nothing', '', /cut short/],
    ['blanks', ' \n', /cut short/],
  ])('is refused: %s', (_, text, message) => {
    expect(refusal(text)).toMatch(message)
  })
})

/** Texts near JSON: values, and some with a character changed, added or taken away. */
const nearJson = fc
  .tuple(fc.json(), fc.nat(), fc.constantFrom('', ...'{}[],:"\\0123.eE+-tfn/u \n\t\u00a0\u0001é'))
  .chain(([text, at, by]) =>
    fc.constantFrom(
      text,
      text.slice(0, at % (text.length + 1)) + by + text.slice((at % (text.length + 1)) + 1),
      text.slice(0, at % (text.length + 1)) + by + text.slice(at % (text.length + 1)),
    ),
  )

const parses = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

test('the same texts are JSON as for JSON.parse', () => {
  fc.assert(
    fc.property(nearJson, (text) => {
      const whole = `{"x":${text}}`
      let failure = ''
      try {
        atOnce(readJson(Buffer.from(whole), { fields: {} }, LIMITS_OF_ALL))
      } catch (error) {
        failure = (error as Error).message
      }
      if (/there twice|surrogate/.test(failure)) return
      expect(failure === '', `${whole} ${failure}`).toBe(parses(whole))
    }),
    { numRuns: 5000 },
  )
})

test('of what the shape names the values are read, as by JSON.parse', () => {
  const text = `{"size":7,"x":{"size":1},"keys":["a","\\u0062"],"map":{"__proto__":"p","constructor":"c"},
    "inner":{"kind":"k","other":[1]},"other":{"a":1}}`
  expect(atOnce(readJson(Buffer.from(text), SHAPE, LIMITS_OF_ALL))).toEqual({
    size: 7,
    keys: ['a', 'b'],
    map: Object.assign(Object.create(null), JSON.parse('{"__proto__":"p","constructor":"c"}')),
    inner: { kind: 'k' },
    other: true,
  })
})

describe('members', () => {
  test.each<[string, string, unknown]>([
    ['a string', '{"a":"x"}', 'x'],
    ['the last of two', '{"a":1,"b":{"a":2},"a":{"c":[3,{}]}}', { c: [3, {}] }],
    ['an escaped name', '{"\\u0061":[1,[2]],"b":3}', [1, [2]]],
    ['after a byte order mark', '\uFEFF{"a":1}', 1],
    ['null', '{"a":null}', null],
    ['half a surrogate pair', '{"a":"\\ud800"}', '\ud800'],
    ['none', '{"b":{"a":1},"c":[{"a":1}]}', undefined],
    ['none at all', '{}', undefined],
  ])('%s', (_, text, expected) => {
    const members = atOnce(readMembers(Buffer.from(text), ['a']))
    expect(members.value('a')).toEqual(expected)
    expect(members.has('a')).toBe(expected !== undefined)
  })

  test.each(['', '[]', '1', '{', '{"a":1}x', '{"a" 1}'])('of %j: none', (text) => {
    expect(() => atOnce(readMembers(Buffer.from(text), ['a']))).toThrow(JsonError)
  })

  test('as JSON.parse finds them', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'é'), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value)
        const members = atOnce(readMembers(Buffer.from(text), ['a', 'é']))
        expect(members.value('é')).toEqual(JSON.parse(text).é)
        expect(members.value('a')).toEqual(JSON.parse(text).a)
      }),
    )
  })
})
