/**
 * The world outside a command, as the process that runs it has it.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Io } from './io.ts'
import { createProgress } from './progress.ts'

/** Users of containers may have no name. */
const user = (): string => {
  try {
    return `${userInfo().username}@${hostname()}`
  } catch {
    return `${process.getuid?.() ?? 'somebody'}@${hostname()}`
  }
}

/** Makes what commands have of this process. */
export const processIo = (env: Io['env']): Io => {
  const { stdin, stdout, stderr } = process
  return {
    env,
    stdin,
    user,
    now: Date.now,
    width: stdout.isTTY ? stdout.columns : undefined,
    print: (line) => void stdout.write(`${line}\n`),
    say: (line) => void stderr.write(`${line}\n`),
    progress: () => createProgress(stderr, Date.now),
    readPassword: async (fromStdin) => {
      const { readPassword } = await import('./password-prompt.ts')
      return readPassword({ input: stdin, output: stderr }, fromStdin)
    },
    readFile: (path) => (path === '-' ? text(stdin) : readFile(path, 'utf8')),
    openStore: async (settings) => {
      const { openStore } = await import('../compose/open-store.ts')
      return openStore(settings, env)
    },
    openEdgeCache: async (place) => {
      const { openEdgeCache } = await import('../compose/aws/edge-cache.ts')
      return openEdgeCache(place)
    },
    sleep,
    onStop: (listener) => {
      process.on('SIGINT', listener)
      process.on('SIGTERM', listener)
    },
    onReload: (listener) => void process.on('SIGHUP', listener),
    exit: (code) => process.exit(code),
  }
}
