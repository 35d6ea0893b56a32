/**
 * An environment of a Web Function: the bundle as a process of its own.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bundleWeb } from '../../../packaging/bundle.ts'
import { freePort, scratch } from '../../support/live/process.ts'
import type { Environment, StartEnvironment } from './fleet.ts'
import type { WebFunctionHabits } from './habits.ts'

/** Milliseconds until the server must listen (W16). */
const INIT = 10_000
/** Milliseconds from SIGTERM to the end (W15). */
const GRACE = 1_000

/** Whether something listens on a port of this machine. */
const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (yes: boolean) => {
      socket.destroy()
      resolve(yes)
    }
    socket.once('connect', () => end(true)).once('error', () => end(false))
  })

/** A revision of the function: its code, and how an environment of it is started. */
export interface Revision {
  readonly start: StartEnvironment
  /** What all its environments have printed. */
  output(): string
  /** Processes of environments that run. */
  readonly pids: ReadonlySet<number>
  /** Removes the code. */
  remove(): void
}

/**
 * Bundles the function.
 *
 * @param env its settings, and credentials
 * @param grace milliseconds from SIGTERM to SIGKILL, where a test sees how long it takes by itself
 */
export const createRevision = (
  { endpoint }: Pick<WebFunctionHabits, 'endpoint'>,
  env: Readonly<Record<string, string>>,
  grace = GRACE,
): Revision => {
  const code = scratch('web-function')
  bundleWeb(code.path)
  let printed = ''
  const pids = new Set<number>()
  const start = async (): Promise<Environment> => {
    const port = await freePort()
    const address = `127.0.0.1:${port}`
    const child = spawn(process.execPath, [join(code.path, 'index.js')], {
      // Somewhere else than the code: AWS does not say where.
      cwd: '/',
      env: { ...env, AWS_LAMBDA_HTTP_ENDPOINT: endpoint === 'URL' ? `http://${address}` : address },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        printed += text
      })
    }
    const pid = child.pid ?? 0
    pids.add(pid)
    const kill = () => void child.kill('SIGKILL')
    process.once('exit', kill)
    const ended = new Promise<void>((resolve) => {
      child.once('close', () => {
        process.off('exit', kill)
        pids.delete(pid)
        resolve()
      })
    })
    const deadline = Date.now() + INIT
    while (!(await listens(port))) {
      if (child.exitCode !== null || Date.now() > deadline) {
        kill()
        throw new Error(`the function does not listen: ${printed.slice(-2000)}`)
      }
      await sleep(20)
    }
    return {
      port,
      ended,
      async end() {
        child.kill('SIGTERM')
        const timer = setTimeout(kill, grace)
        await ended
        clearTimeout(timer)
      },
    }
  }
  return { start, output: () => printed, pids, remove: code.remove }
}
