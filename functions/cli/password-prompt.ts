/**
 * Asks for a new password without showing it.
 *
 * @module
 */

import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { CommandError } from './errors.ts'

/** Where a password is read from, and where it is asked for. */
export interface PasswordStreams {
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WritableStream
}

const ask = async ({ input, output }: PasswordStreams, prompt: string): Promise<string> => {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input, output: nowhere, terminal: true, historySize: 0 })
  const given = new AbortController()
  const giveUp = (): void => given.abort()
  lines.on('SIGINT', giveUp).on('close', giveUp)
  output.write(prompt)
  try {
    return await lines.question('', { signal: given.signal })
  } catch (cause) {
    throw new CommandError('no password was given', { cause })
  } finally {
    output.write('\n')
    lines.close()
  }
}

/**
 * A new password: asked for twice on a terminal, or all of standard input except a final line break.
 *
 * @throws CommandError when there is no terminal, or the two differ
 */
export const readPassword = async (
  streams: PasswordStreams,
  fromStdin: boolean,
): Promise<string> => {
  if (fromStdin) return (await text(streams.input)).replace(/\r?\n$/, '')
  if (!streams.input.isTTY) {
    throw new CommandError('there is no terminal to ask for the password on: use --password-stdin')
  }
  const password = await ask(streams, 'Password: ')
  if ((await ask(streams, 'Again: ')) === password) return password
  throw new CommandError('the two passwords differ')
}
