/**
 * The line that shows how far a command is.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { createProgress } from '../../functions/cli/progress.ts'

const openTerminal = (isTTY: boolean, columns = 80) => {
  const written: string[] = []
  let now = 0
  const stream = { isTTY, columns, write: (text: string) => written.push(text) }
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

test('what is no terminal sees nothing', () => {
  const { written, progress } = openTerminal(false)
  progress.show('1')
  progress.end()
  expect(written).toEqual([])
})
