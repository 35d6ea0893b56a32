/** What archives call their files: bounded, and the last of a name counts. */

import { describe, expect, test } from 'vitest'
import { type Names, noNames } from '../../functions/transfer/sources/names.ts'

describe('names', () => {
  test.each<readonly [string, (names: Names<number>, at: number) => void]>([
    ['files', (names, at) => names.add(`${at}`, at)],
    ['links', (names, at) => names.link(`${at}`, 'x')],
    ['files of one name', (names, at) => names.add('x', at)],
  ])('of too many %s', (_, each) => {
    const names = noNames<number>()
    for (let at = 0; at < 100_000; at++) each(names, at)
    expect(() => each(names, 100_000)).toThrow('it has too many files')
  })

  test.each<readonly [string, (names: Names<number>, text: string) => void]>([
    ['file', (names, text) => names.add(text, 1)],
    ['link', (names, text) => names.link(text, 'x')],
    ['target of a link', (names, text) => names.link('x', text)],
  ])('of a %s with too many characters', (_, add) => {
    expect(() => add(noNames(), 'a'.repeat(5000))).toThrow('it has a name of 5000 characters')
  })

  test.each([
    ['a', 2],
    ['b', 3],
    ['./c', 2],
    ['d', undefined],
    ['e', undefined],
  ])('%s', (name, found) => {
    const names = noNames<number>()
    names.add('a', 1)
    names.add('a', 2)
    names.link('b', 'a')
    names.add('b', 3)
    names.add('c', 4)
    names.link('c', 'a')
    names.link('d', 'd')
    expect(names.find(name)).toBe(found)
  })
})
