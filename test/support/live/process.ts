/**
 * Real programs as children of a suite: daemons that run until they are stopped, and commands that
 * run to their end. What they print goes to `.ci/artifacts/logs`, and into the error of a failure.
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

/** The checkout's root, where programs of this project start. */
export const projectRoot: string = join(import.meta.dirname, '../../..')

/** Where `.ci/install` puts the programs it builds. */
export const toolCache: string = join(
  process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
  'slipway-ci',
)

const logs = join(projectRoot, '.ci/artifacts/logs')

/**
 * What a child does not inherit: what this machine's owner set up for other work (Debian's registry
 * fails on S3 with AWS_CA_BUNDLE, and a proxy or a default profile must not reach a loopback test), and
 * what vitest sets for the code under test.
 */
const KEPT_BACK =
  /^(AWS_.*|HTTPS?_PROXY|DOCKER_.*|CONTAINERD_.*|REGISTRY_.*|VITEST.*|NODE_ENV|TEST|MODE|DEV|PROD|SSR|BASE_URL)$/i

/** The environment of a child. */
export const cleanEnvironment = (): NodeJS.ProcessEnv => {
  const kept = Object.entries(process.env).filter(([name]) => !KEPT_BACK.test(name))
  return { ...Object.fromEntries(kept), PATH: `${join(toolCache, 'bin')}:${process.env.PATH}` }
}

/** A new empty directory and its removal; containers' stores may hold read-only trees. */
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
 * Ports that systems give to nobody by themselves: outgoing connections and servers on port 0 get those
 * from 32768 on, so that one of them could be taken between its being found free and its use.
 */
const [FIRST_PORT, LAST_PORT] = [10_000, 32_000]

/** Suites run side by side: each process begins somewhere else. */
let nextPort = FIRST_PORT + ((process.pid * 50) % (LAST_PORT - FIRST_PORT))

/** A loopback port that nothing listens on, and that nobody else in these suites is given. */
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
  /** What the command reads from standard input. Default nothing. */
  readonly input?: string
  /** Milliseconds until the command is killed and the call fails. Default five minutes. */
  readonly timeout?: number
}

/** Runs a command to its end and gives what it printed; throws with its stderr on failure. */
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
    // A command that ends without reading it says why by itself.
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
  /** Everything it printed so far. */
  output(): string
  /** Ends it by its `stopSignal`, and SIGKILL after ten seconds. */
  stop(): Promise<void>
}

export interface DaemonOptions extends RunOptions {
  /** Names the log file. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** How it is asked to end. Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals
  /** Whether the children of the command get the signal, too, as from Ctrl-C. Default no. */
  readonly group?: boolean
  /** Whether it serves yet; a rejection means no. */
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

/** Starts a daemon and waits until it is ready; throws with its output when it ends before that. */
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

/** Whether a GET of the URL is answered at all, below 500. */
export const answers = async (url: string): Promise<boolean> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) })
  await response.body?.cancel()
  return response.status < 500
}
