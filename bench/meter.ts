/**
 * How far a run is, and how long it will take: by seconds that were expected of each piece of work, and
 * how long those done so far really took.
 *
 * @module
 */

import { createProgress } from '../functions/cli/progress.ts'

/** Follows a run. */
export interface Meter {
  /** Says what all of it takes, in seconds, roughly. */
  expect(seconds: number): void
  /** So much of it is done. */
  advance(seconds: number): void
  /** Prints a line, with how far the run is. */
  tell(line: string): void
  /** Takes the bar away. */
  end(): void
}

/** Columns of the bar. */
const WIDTH = 30

/** How far, and how long still; nothing is said of the time until some of it is over. */
export const farOf = (done: number, all: number, elapsed: number): string => {
  if (all === 0) return ''
  const share = Math.min(1, done / all)
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %`
  if (done === 0) return percent
  const left = Math.round((elapsed / done) * Math.max(0, all - done))
  const minutes = Math.floor(left / 60)
  const seconds = String(left % 60).padStart(2, '0')
  return `${percent}, ${minutes}:${seconds} left`
}

/**
 * Makes one: with a bar below the lines on a terminal, and with percentages before them elsewhere.
 *
 * @param stream the lines go to
 * @param now clock in milliseconds
 */
export const createMeter = (stream: NodeJS.WriteStream, now: () => number): Meter => {
  const bar = createProgress(stream, now)
  const begin = now()
  let all = 0
  let done = 0
  const far = (): string => farOf(done, all, (now() - begin) / 1000)
  const show = (): void => {
    const full = Math.round((all === 0 ? 0 : Math.min(1, done / all)) * WIDTH)
    bar.show(`[${'#'.repeat(full).padEnd(WIDTH, '.')}] ${far()}`)
  }
  return {
    expect(seconds) {
      all = seconds
    },
    advance(seconds) {
      done += seconds
    },
    tell(line) {
      const time = new Date().toISOString().slice(11, 19)
      bar.end()
      stream.write(`${time} ${stream.isTTY || all === 0 ? '' : `[${far()}] `}${line}\n`)
      if (all > 0) show()
    },
    end: bar.end,
  }
}
