/**
 * The server's side of handing over: it looks for requests, does what they ask for, and says how it goes.
 *
 * @module
 */

import { createWriteStream } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import type { RequestLogger } from '../../api/env.ts'
import {
  ABANDONED,
  type End,
  filesOf,
  type Line,
  type Request,
  requestSchema,
  requestsIn,
} from './messages.ts'

/** Milliseconds between two looks for requests. */
const LOOK = 1000

/** Milliseconds between two lines on progress. */
const PACE = 500

/** What somebody watches while it is done. */
export interface Watched {
  readonly say: (line: Exclude<Line, { readonly end: unknown }>) => void
  /** Whether the command has gone, or the server ends. */
  readonly isOver: () => boolean
}

export interface TakeOptions {
  readonly logger: RequestLogger
  /** Does what was asked for. @throws whatever keeps it from that */
  readonly work: (request: Request, watched: Watched) => Promise<End>
  /** Milliseconds between two looks; for tests. */
  readonly look?: number
}

const REQUEST = /^([0-9a-f]{16})\.request$/

const parse = (text: string): Request | undefined => {
  try {
    return requestSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/**
 * Takes requests in a directory that this server alone uses. It does not keep the process alive.
 *
 * @returns a function that ends it, and waits until what goes on has stopped
 */
export const takeRequests = async (
  directory: string,
  { logger, work, look = LOOK }: TakeOptions,
): Promise<() => Promise<void>> => {
  const place = requestsIn(directory)
  let stopped = false
  const underWay = new Map<string, { readonly done: Promise<void>; touch: () => Promise<void> }>()

  const take = async (id: string): Promise<void> => {
    const { request: asked, taken, out } = filesOf(directory, id)
    // The command may have taken it back.
    if (
      !(await rename(asked, taken).then(
        () => true,
        () => false,
      ))
    )
      return
    let [last, seen] = [Number.NaN, performance.now()]
    let [gone, ended] = [false, false]
    const stream = createWriteStream(out, { mode: 0o600 })
    stream.on('error', (error) => {
      gone = true
      logger.warn({ err: error }, 'a command cannot be told what is done')
    })
    const say = (line: Line): void => void (gone || stream.write(`${JSON.stringify(line)}\n`))
    let told = -PACE
    const watched: Watched = {
      say(line) {
        if ('progress' in line) {
          if (performance.now() - told < PACE) return
          told = performance.now()
        }
        say(line)
      },
      isOver: () => stopped || gone || ended,
    }
    const touch = async (): Promise<void> => {
      try {
        const { mtimeMs } = await stat(taken)
        if (mtimeMs !== last) [last, seen] = [mtimeMs, performance.now()]
        if (performance.now() - seen > ABANDONED) gone = true
      } catch {
        // The command ends it, and waits to be told how far it came.
        ended = true
      }
    }
    const doIt = async (): Promise<void> => {
      let end: End
      try {
        const request = parse(await readFile(taken, 'utf8'))
        end =
          request === undefined
            ? {
                refused:
                  'the server does not know what this command asks for: use the same version',
              }
            : await work(request, watched)
      } catch (error) {
        logger.error({ err: error }, 'what a command has asked for has failed')
        end = { failed: error instanceof Error ? error.message : String(error) }
      }
      say({ end })
      stream.end()
      await finished(stream).catch(() => {})
      underWay.delete(id)
      // Whoever waits removes them, soon.
      const clear = () => [taken, out].map((path) => rm(path, { force: true }).catch(() => {}))
      if (gone) await Promise.all(clear())
      else setTimeout(clear, ABANDONED).unref()
    }
    underWay.set(id, { done: doIt(), touch })
  }

  const lookAround = async (): Promise<void> => {
    for (const { touch } of underWay.values()) await touch()
    for (const name of await readdir(place)) {
      const [, id] = REQUEST.exec(name) ?? []
      if (id !== undefined && !stopped) await take(id)
    }
  }

  // What is in it goes, but not the directory: a second server may be starting in it, too.
  await mkdir(place, { recursive: true, mode: 0o700 })
  const old = await readdir(place)
  await Promise.all(old.map((name) => rm(join(place, name), { recursive: true, force: true })))
  let looking: Promise<void> = Promise.resolve()
  let busy = false
  const timer = setInterval(() => {
    if (busy) return
    busy = true
    looking = lookAround()
      .catch((error: unknown) => logger.warn({ err: error }, 'what commands ask for is not seen'))
      .finally(() => {
        busy = false
      })
  }, look).unref()
  return async () => {
    stopped = true
    clearInterval(timer)
    await looking
    await Promise.all([...underWay.values()].map(({ done }) => done))
  }
}
