/**
 * A command's surroundings that keep what it prints and says.
 *
 * @module
 */
import type { StoreIo } from '../../functions/cli/command.ts'

export interface RecordingIo {
  readonly io: StoreIo
  /** Lines on standard output. */
  readonly printed: string[]
  /** Lines on standard error. */
  readonly said: string[]
}

/** @param parts what the command uses of its surroundings beside: the store, for one */
export const recordingIo = (parts: Partial<StoreIo>): RecordingIo => {
  const [printed, said]: [string[], string[]] = [[], []]
  const io = {
    print: (line: string) => void printed.push(line),
    say: (line: string) => void said.push(line),
    progress: () => ({ show: () => {}, end: () => {} }),
    onStop: () => {},
    exit: () => {},
    ...parts,
  } satisfies Partial<StoreIo>
  return { io: io as unknown as StoreIo, printed, said }
}
