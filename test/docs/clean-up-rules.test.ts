/**
 * docs/clean-up.md names each rule that the explorer breaks, and where it is found; and each gap of the model that
 * scenarios close.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { BROKEN } from '../interleavings/clean-up/by-rule.ts'
import { FURTHER_RULES } from '../interleavings/clean-up/further-rules.ts'
import { LITTER_RULES } from '../interleavings/clean-up/litter-rules.ts'
import { GAPS } from '../interleavings/clean-up/operations/gaps.ts'
import { titleOf } from '../interleavings/clean-up/scenarios.ts'
import { RULES } from '../interleavings/clean-up/spoilers.ts'
import { WRITER_RULES } from '../interleavings/clean-up/writer-rules.ts'
import { SPOILERS } from '../interleavings/spoilers.ts'

const text = readFileSync(new URL('../../docs/clean-up.md', import.meta.url), 'utf8')

/** Cells of the table's rows under a heading. */
const rowsUnder = (heading: string): string[][] => {
  const section = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return section
    .split('\n')
    .filter((line) => /^\| [^|]/.test(line))
    .slice(1)
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map((cells) => cells.slice(1, -1))
}

test('each rule that is broken, and where it is found', () => {
  const all = [
    ...[...RULES, ...LITTER_RULES].map(({ title, meeting }) => [title, titleOf(meeting)]),
    ...BROKEN.map(({ title, meeting }) => [`R: ${title}`, titleOf(meeting)]),
    ...[...WRITER_RULES, ...FURTHER_RULES].map(({ title, meetings }) => [
      title,
      titleOf(meetings[0]!),
    ]),
    ...SPOILERS.filter(({ title }) => /^E\d/.test(title)).map(({ title, operations }) => [
      title,
      operations.join(' | '),
    ]),
  ]
  const inText = (cells: readonly (string | undefined)[]): string =>
    cells.map((cell) => cell?.replaceAll(' | ', ' ∥ ')).join(' => ')
  const rows = rowsUnder('Each rule, broken once').map(([title, , where]) => inText([title, where]))
  expect(rows.toSorted()).toEqual(all.map(inText).toSorted())
})

test('each gap of the model, and what closes it', () => {
  const rows = rowsUnder('What the model leaves out').map(([gap]) => gap)
  expect(rows.toSorted()).toEqual(GAPS.map(({ title }) => title).toSorted())
})
