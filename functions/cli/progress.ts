/**
 * How far a long command is, on lines of a terminal that are written over.
 *
 * @module
 */

/** Progress of one command. */
export interface Progress {
  /**
   * Shows lines in place of those before; most of what follows fast is left out. Where there are more than the
   * terminal has, the first ones are.
   */
  show(...lines: readonly string[]): void
  /** Takes the lines away. */
  end(): void
}

/** Milliseconds between two texts. */
const PACE = 100

/** To the beginning of the first of so many lines, whatever is on them. */
const back = (lines: number): string => (lines > 1 ? `\r\x1b[${lines - 1}A\x1b[J` : '\r\x1b[K')

/**
 * Makes progress for a stream: nothing is written unless it is a terminal.
 *
 * @param now clock in milliseconds
 */
export const createProgress = (stream: NodeJS.WriteStream, now: () => number): Progress => {
  let last: number | undefined
  let height = 1
  return {
    show: (...lines) => {
      if (!stream.isTTY || (last !== undefined && now() - last < PACE)) return
      last = now()
      // A line that wraps, or has gone up beyond the first row, could not be taken back.
      const shown = lines
        .slice(-Math.max(1, (stream.rows ?? 24) - 1))
        .map((line) => line.slice(0, Math.max(0, (stream.columns ?? 80) - 1)))
      stream.write(`${back(height)}${shown.join('\n')}`)
      height = shown.length
    },
    end: () => {
      if (last !== undefined) stream.write(back(height))
      last = undefined
      height = 1
    },
  }
}
