/** Signals to a server, from the moment it listens. */

import { expect, test } from 'vitest'
import { serve } from '../../functions/cli/commands/serve.ts'
import type { Io } from '../../functions/cli/io.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'

/**
 * Serves until it has stopped; `signals` are the times in milliseconds at which it is signalled.
 *
 * @returns what it said, and the first exit code: the test's process goes on after it
 */
const served = async (signals: readonly number[]) => {
  const { path, remove } = await temporaryDirectory()
  const args = ['--listen=127.0.0.1:0', '--log-level=silent', `--store=file:${path}`]
  const said: string[] = []
  const codes: number[] = []
  const stopped = Promise.withResolvers<void>()
  let time = 0
  const io: Partial<Io> = {
    env: {},
    now: () => time,
    say: (line) => said.push(line),
    onReload: () => {},
    onStop: (listener) => {
      for (const at of signals) {
        time = at
        listener()
      }
    },
    exit: (code) => {
      codes.push(code)
      if (code === 0) stopped.resolve()
    },
  }
  try {
    await serve(io as Io, { settings: readSettings(args, {}) })
    await stopped.promise
    return { said, code: codes[0] }
  } finally {
    await remove()
  }
}

test('a signal before the banner stops the server, which then shows none', async () => {
  const { said, code } = await served([0])
  expect(code).toBe(0)
  expect(said).toEqual([expect.stringMatching(/^Stopping: requests under way have 30 s/)])
})

test('the same signal from npm and the terminal is one, and a later one ends it at once', async () => {
  expect((await served([0, 500])).code).toBe(0)
  expect((await served([0, 501])).code).toBe(1)
})
