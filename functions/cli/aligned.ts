/**
 * Tables for people: columns as wide as what is in them, and no line longer than the terminal.
 *
 * @module
 */

import type { Io } from './io.ts'

/** A column. */
export interface Column {
  readonly title: string
  /** Whether it holds numbers, which end on the right. */
  readonly right?: true
  /** Characters that are left of it where the terminal is too narrow. Default: all. */
  readonly least?: number
}

/** A table that is being printed. */
export interface Table {
  /** Adds a row; a cell for each column. */
  row(...cells: readonly string[]): void
  /** Prints what is still to be printed. */
  end(): void
}

/** Rows of which the widths are found together: a long list is printed while it is read. */
const TOGETHER = 500

/** Between columns. */
const GAP = '  '

/** A text without ends of lines: whoever pushed it would otherwise write lines of their own. */
export const flat = (text: string): string => text.replaceAll(/[\t\n\v\f\r\u2028\u2029]+/g, ' ')

/** A text of at most so many characters. */
export const cut = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`

/** Widths that fit the terminal: columns give way from the right, as far as they may. */
const fitted = (
  widths: readonly number[],
  columns: readonly Column[],
  most: number | undefined,
): number[] => {
  const fit = [...widths]
  if (most === undefined) return fit
  let over = fit.reduce((sum, width) => sum + width, GAP.length * (fit.length - 1)) - most
  for (let at = columns.length - 1; at >= 0 && over > 0; at--) {
    const { least } = columns[at]!
    if (least === undefined) continue
    const less = Math.max(0, Math.min(over, fit[at]! - least))
    fit[at]! -= less
    over -= less
  }
  return fit
}

/** Begins a table; its titles are printed with the first rows, or at its end. */
export const createTable = (
  { print, width }: Pick<Io, 'print' | 'width'>,
  columns: readonly Column[],
): Table => {
  const titles = columns.map(({ title }) => title)
  let waiting: (readonly string[])[] = [titles]
  let widths = columns.map(() => 0)
  const flush = (): void => {
    widths = widths.map((least, at) => Math.max(least, ...waiting.map((row) => row[at]!.length)))
    const fit = fitted(widths, columns, width)
    for (const row of waiting) {
      const cells = row.map((cell, at) => {
        const short = cut(cell, fit[at]!)
        return columns[at]!.right ? short.padStart(fit[at]!) : short.padEnd(fit[at]!)
      })
      print(cells.join(GAP).trimEnd())
    }
    waiting = []
  }
  return {
    row(...cells) {
      waiting.push(cells.map(flat))
      if (waiting.length > TOGETHER) flush()
    },
    end: flush,
  }
}
