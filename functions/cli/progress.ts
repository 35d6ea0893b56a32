/**
 * How far a long command is, on one line of a terminal that is written over.
 *
 * @module
 */

/** Progress of one command. */
export interface Progress {
  /** Shows a text in place of the one before; most of those that follow fast are left out. */
  show(text: string): void
  /** Takes the line away. */
  end(): void
}

/** Milliseconds between two texts. */
const PACE = 100

/**
 * Makes progress for a stream: nothing is written unless it is a terminal.
 *
 * @param now clock in milliseconds
 */
export const createProgress = (stream: NodeJS.WriteStream, now: () => number): Progress => {
  let last: number | undefined
  return {
    show: (text) => {
      if (!stream.isTTY || (last !== undefined && now() - last < PACE)) return
      last = now()
      // A line that wraps could not be taken back.
      stream.write(`\r\x1b[K${text.slice(0, Math.max(0, (stream.columns ?? 80) - 1))}`)
    },
    end: () => {
      if (last !== undefined) stream.write('\r\x1b[K')
      last = undefined
    },
  }
}
