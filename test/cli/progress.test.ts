/**
 * The line that shows how far a command is.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { createProgress } from '../../functions/cli/progress.ts'

const openTerminal = (isTTY: boolean, columns = 80, rows = 24) => {
  const written: string[] = []
  let now = 0
  const stream = { isTTY, columns, rows, write: (text: string) => written.push(text) }
  const progress = createProgress(stream as unknown as NodeJS.WriteStream, () => now)
  const pass = (milliseconds: number): void => {
    now += milliseconds
  }
  return { written, progress, pass }
}

test('a terminal sees the first text, then one in 100 ms, and no line in the end', () => {
  const { written, progress, pass } = openTerminal(true)
  progress.show('1')
  progress.show('2')
  pass(99)
  progress.show('3')
  pass(1)
  progress.show('4')
  progress.end()
  progress.end()
  expect(written).toEqual(['\r\x1b[K1', '\r\x1b[K4', '\r\x1b[K'])
})

test('a text does not wrap', () => {
  const { written, progress } = openTerminal(true, 10)
  progress.show('0123456789')
  expect(written).toEqual(['\r\x1b[K012345678'])
})

test('lines are written over as a whole, however many there were', () => {
  const { written, progress, pass } = openTerminal(true)
  progress.show('a', 'b', 'c')
  pass(100)
  progress.show('d', 'e')
  pass(100)
  progress.show('f')
  pass(100)
  progress.show('g', 'h')
  progress.end()
  expect(written).toEqual([
    '\r\x1b[Ka\nb\nc',
    '\r\x1b[2A\x1b[Jd\ne',
    '\r\x1b[1A\x1b[Jf',
    '\r\x1b[Kg\nh',
    '\r\x1b[1A\x1b[J',
  ])
})

test('a terminal with few rows sees the last lines', () => {
  const { written, progress } = openTerminal(true, 80, 3)
  progress.show('a', 'b', 'c', 'd')
  progress.end()
  expect(written).toEqual(['\r\x1b[Kc\nd', '\r\x1b[1A\x1b[J'])
})

test('what is no terminal sees nothing', () => {
  const { written, progress } = openTerminal(false)
  progress.show('1')
  progress.end()
  expect(written).toEqual([])
})
