/**
 * Asks whoever sits there before something goes.
 *
 * @module
 */

import { createInterface } from 'node:readline/promises'
import { CommandError } from './errors.ts'
import type { Io } from './io.ts'

/** The first line that is typed; undefined where there is none. */
const typed = async (stdin: Io['stdin']): Promise<string | undefined> => {
  const lines = createInterface({ input: stdin })
  try {
    for await (const line of lines) return line.trim()
    return undefined
  } finally {
    lines.close()
  }
}

/**
 * Asks, unless it was said already.
 *
 * @param yes whether `--yes` was given
 * @throws CommandError when the answer is no, or where nobody can be asked
 */
export const confirmed = async (
  { stdin, say }: Pick<Io, 'stdin' | 'say'>,
  yes: boolean,
): Promise<void> => {
  if (yes) return
  if (!stdin.isTTY) throw new CommandError('nobody can be asked here: --yes does it')
  say('Go on? Type yes:')
  if (/^y(?:es)?$/i.test((await typed(stdin)) ?? '')) return
  throw new CommandError('nothing was deleted')
}
