/** Tags as versions, their order, and ranges. */

import { describe, expect, test } from 'vitest'
import { compareVersions, rangeOf, versionOf } from '../../../functions/cli/mirror/versions.ts'

describe('is no version', () => {
  test.for(['latest', '1.2.3.4', '1..2', 'v', '', '1.2.3-', '1_2', '1.2.3+build', 'a1'])(
    '%s',
    (tag) => {
      expect(versionOf(tag)).toBeUndefined()
    },
  )
})

test('the order of versions', () => {
  const ordered = [
    ...['0.9', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta.2'],
    ...['1.0.0-beta.11', '1.0.0-rc.1', '1', '1.0.1', 'v1.2', '1.10.0', '2', '20240101'],
  ]
  const shuffled = ordered.toReversed()
  shuffled.sort((a, b) => compareVersions(versionOf(a)!, versionOf(b)!))
  expect(shuffled).toEqual(ordered)
  expect(compareVersions(versionOf('1.0')!, versionOf('v1.0.0')!)).toBe(0)
})

describe('a range', () => {
  test.for<readonly [range: string, inside: string, outside: string]>([
    ['>=1.25 <2', '1.25 1.25.0 1.99.9 v1.30', '1.24.9 2 2.0.0-rc.1 1.30.0-rc.1'],
    ['>=1.25, <2', '1.25', '2'],
    ['>= 1.2.3', '1.2.3 9', '1.2.2 1.2.3-rc.1'],
    ['>1.2', '1.3 2', '1.2 1.2.9'],
    ['>1.2.3', '1.2.4', '1.2.3'],
    ['<=1.2', '1.2 1.2.9 0.1', '1.3'],
    ['<=1.2.3', '1.2.3', '1.2.4'],
    ['^1.2.3', '1.2.3 1.9', '1.2.2 2.0.0'],
    ['^0.2.3', '0.2.3 0.2.9', '0.3.0'],
    ['^0.0.3', '0.0.3', '0.0.4'],
    ['^3', '3 3.9.9', '4 2.9'],
    ['~1.2.3', '1.2.3 1.2.9', '1.3.0'],
    ['~1', '1.0 1.9', '2'],
    ['1.27', '1.27 1.27.9', '1.26.9 1.28'],
    ['1.27.x', '1.27.0 1.27.9', '1.28'],
    ['1.*', '1.0 1.9', '2 0.9'],
    ['=1.2.3', '1.2.3 v1.2.3', '1.2.4 1.2.3-rc.1'],
    ['1.2.3-rc.1', '1.2.3-rc.1', '1.2.3 1.2.3-rc.2'],
    ['>=1.2.3-rc.1', '1.2.3-rc.1 1.2.3-rc.2 1.2.3 2', '1.2.3-beta 1.3.0-rc.1'],
    ['^1.2 || ^3.1', '1.2 3.1 3.9', '2 3.0 4'],
    ['*', '0 9.9.9', '1.0.0-rc.1'],
  ])('%s', ([text, inside, outside]) => {
    const range = rangeOf(text)!
    const isIn = (tag: string): boolean => range(versionOf(tag)!)
    expect(inside.split(' ').filter((tag) => !isIn(tag))).toEqual([])
    expect(outside.split(' ').filter(isIn)).toEqual([])
  })

  test.for(['', 'latest', '>=', '>>1', '1.2.3.4', '^x', '1 ||', '>=1.2 <', 'a.b'])(
    '%s is none',
    (text) => {
      expect(rangeOf(text)).toBeUndefined()
    },
  )
})
