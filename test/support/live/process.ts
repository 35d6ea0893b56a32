/**
 * Runs real programs as children of a suite: daemons, until they are stopped, and commands, to
 * completion. What daemons print goes to `.ci/artifacts/logs`, and into the error when one fails.
 *
 * @module
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** The root of the checkout; this project's programs start there. */
export const projectRoot: string = join(import.meta.dirname, '../../..')

/** Where `.ci/install` puts the programs it builds. */
export const toolCache: string = join(
  process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
  'slipway-ci',
)

const logs = join(projectRoot, '.ci/artifacts/logs')

/**
 * Variables that children do not inherit: settings of this machine for other work (Debian's registry
 * fails on S3 with AWS_CA_BUNDLE, and a proxy or a default profile must not affect a loopback test), and
 * those that vitest sets for the code under test.
 */
const NOT_INHERITED =
  /^(AWS_.*|HTTPS?_PROXY|DOCKER_.*|CONTAINERD_.*|REGISTRY_.*|VITEST.*|NODE_ENV|TEST|MODE|DEV|PROD|SSR|BASE_URL)$/i

/** The environment of child processes. */
export const cleanEnvironment = (): NodeJS.ProcessEnv => {
  const kept = Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name))
  return { ...Object.fromEntries(kept), PATH: `${join(toolCache, 'bin')}:${process.env.PATH}` }
}

/** Creates an empty temporary directory, with a function that removes it. */
export const scratch = (name: string): { readonly path: string; remove(): void } => {
  const path = mkdtempSync(join(tmpdir(), `slipway-${name}-`))
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) }
}

/** Whether nothing listens on a loopback port. */
const isFree = async (port: number): Promise<boolean> => {
  const server = createServer()
  const free = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => resolve(true))
  })
  await new Promise((resolve) => server.close(resolve))
  return free
}

/**
 * Ports outside the range that Linux assigns by itself. It gives ports from 32768 up to outgoing
 * connections and to servers on port 0, and could do so between our check of a port and its use.
 */
const [FIRST_PORT, LAST_PORT] = [10_000, 32_000]

/** Suites run in parallel, so each process starts its search at a different port. */
let nextPort = FIRST_PORT + ((process.pid * 50) % (LAST_PORT - FIRST_PORT))

/** Returns a loopback port that nothing listens on. */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = nextPort
    nextPort = port < LAST_PORT ? port + 1 : FIRST_PORT
    if (await isFree(port)) return port
  }
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Standard input of the command. Default: empty. */
  readonly input?: string
  /** Milliseconds after which the command is killed and the call fails. Default: five minutes. */
  readonly timeout?: number
}

/**
 * Runs a command to completion.
 *
 * @returns its standard output
 * @throws Error with the end of its output, when it fails or times out
 */
export const run = async (
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> => {
  try {
    const started = execute(command, args, {
      env: { ...cleanEnvironment(), ...options.env },
      cwd: options.cwd,
      timeout: options.timeout ?? 300_000,
      maxBuffer: 64 * 1024 * 1024,
    })
    // A command that exits without reading its input reports the reason itself.
    started.child.stdin?.on('error', () => undefined).end(options.input)
    return (await started).stdout
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    const printed = `${stdout}${stderr}`.slice(-4000)
    throw new Error(`${command} ${args.join(' ')}: ${printed || error}`, { cause: error })
  }
}

export interface Daemon {
  readonly pid: number
  /** Everything that it has printed so far. */
  output(): string
  /** Sends its `stopSignal`, and SIGKILL after ten seconds. */
  stop(): Promise<void>
}

export interface DaemonOptions extends RunOptions {
  /** Names the log file. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** The signal that stops it. Default: SIGTERM. */
  readonly stopSignal?: NodeJS.Signals
  /** Whether the command's children get the signal too, as they do from Ctrl-C. Default: no. */
  readonly group?: boolean
  /** Whether it is ready to serve; a rejection means no. */
  ready(): Promise<boolean>
}

const running = new Set<ChildProcess>()
const groups = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
  for (const child of groups) signalGroup(child, 'SIGKILL')
})

/** Signals a child and its children. Gives whether any of them is left; 0 only asks that. */
const signalGroup = ({ pid }: ChildProcess, signal: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(-pid!, signal)
  } catch {
    return false
  }
}

/** Ends a child and its children by a signal, and by SIGKILL after ten seconds. */
const stopGroup = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  const deadline = Date.now() + 10_000
  signalGroup(child, signal)
  while (signalGroup(child, Date.now() > deadline ? 'SIGKILL' : 0)) await sleep(20)
  groups.delete(child)
}

/**
 * Starts a daemon and waits until it is ready.
 *
 * @throws Error with the end of its output, when it exits first or is not ready in time
 */
export const startDaemon = async (options: DaemonOptions): Promise<Daemon> => {
  mkdirSync(logs, { recursive: true })
  const log = join(logs, `${options.name}-${process.pid}-${Date.now()}.log`)
  const out = openSync(log, 'a')
  const child = spawn(options.command, options.args, {
    env: { ...cleanEnvironment(), ...options.env },
    cwd: options.cwd ?? projectRoot,
    stdio: ['ignore', out, out],
    detached: options.group ?? false,
  })
  running.add(child)
  if (options.group) groups.add(child)
  let ended = false
  const exit = new Promise<void>((resolve) => {
    const done = () => {
      ended = true
      running.delete(child)
      resolve()
    }
    child.once('exit', done)
    child.once('error', done)
  })
  const output = () => readFileSync(log, 'utf8')
  const stop = async () => {
    if (options.group) return stopGroup(child, options.stopSignal ?? 'SIGTERM')
    if (ended) return
    child.kill(options.stopSignal ?? 'SIGTERM')
    const killer = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await exit
    clearTimeout(killer)
  }

  const deadline = Date.now() + (options.timeout ?? 60_000)
  while (!(await options.ready().catch(() => false))) {
    if (ended || Date.now() > deadline) {
      await stop()
      throw new Error(`${options.name} did not start: ${output().slice(-4000)}`)
    }
    await sleep(100)
  }
  return { pid: child.pid!, output, stop }
}

/** Whether a GET of the URL gets a response with a status below 500. */
export const responds = async (url: string): Promise<boolean> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) })
  await response.body?.cancel()
  return response.status < 500
}
