/**
 * The command line as a child process.
 *
 * @module
 */

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { main } from '../../functions/cli/main.ts'
import { processIo } from '../../functions/cli/process-io.ts'

const entry = (name: string): string =>
  fileURLToPath(new URL(`../../functions/handlers/${name}.ts`, import.meta.url))

/** Where the command line is. */
export const CLI = entry('cli')
/** Where the server by itself is. */
export const SERVER = entry('server')

export type Program = ChildProcessByStdio<null, Readable, Readable>

/** Starts `slipway` with these arguments and no settings in its environment. */
export const startProgram = (args: readonly string[], program = CLI): Program =>
  spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE },
  })

/** What a program that ended has said. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Waits for the end of a program that was just started. */
export const ended = async (program: Program): Promise<Ended> => {
  const [stdout, stderr, [code]] = await Promise.all([
    text(program.stdout),
    text(program.stderr),
    once(program, 'close') as Promise<[number | null]>,
  ])
  return { code, stdout, stderr }
}

/**
 * What `slipway` with these arguments says and ends with, in this process: for commands that end by
 * themselves, since a process takes much longer to start.
 */
export const told = async (args: readonly string[]): Promise<Ended> => {
  const [stdout, stderr]: [string[], string[]] = [[], []]
  const code = await main(args, {
    ...processIo({}),
    print: (line) => void stdout.push(`${line}\n`),
    say: (line) => void stderr.push(`${line}\n`),
    onStop: () => undefined,
    onReload: () => undefined,
  })
  return { code, stdout: stdout.join(''), stderr: stderr.join('') }
}

/** A program that serves. */
export interface Serving {
  readonly url: string
  readonly program: Program
  /** What it has said so far. */
  readonly said: { stdout: string; stderr: string }
  /** Its exit code, once it has ended. */
  readonly exit: Promise<number | null>
}

/** Waits until a program that was just started listens. */
export const serving = async (program: Program): Promise<Serving> => {
  const said = { stdout: '', stderr: '' }
  const exit = once(program, 'close').then(([code]) => code as number | null)
  program.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said.stdout += chunk
  })
  const url = new Promise<string>((resolve, reject) => {
    program.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said.stderr += chunk
      const found = /listens on (\S+)\. To try it.*:\n(?: {2}.*\n)+/.exec(said.stderr)
      if (found?.[1]) resolve(found[1])
    })
    void exit.then((code) => reject(new Error(`it ended with ${code}: ${said.stderr}`)))
  })
  return { url: await url, program, said, exit }
}

/** Starts `slipway serve` on a free port and waits until it listens. */
export const serve = (args: readonly string[]): Promise<Serving> =>
  serving(startProgram(['serve', '--listen=127.0.0.1:0', ...args]))
