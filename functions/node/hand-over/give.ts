/**
 * The command's side of handing over: it asks the server that uses a directory, and passes on what that says.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { chown, open, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { findOther, type Other } from '../presence.ts'
import { type End, filesOf, type Line, type Request, requestsIn, TOUCH } from './messages.ts'

/** Milliseconds between two looks at what the server says. */
const LOOK = 200

/** Milliseconds after which a server that has not begun will not: it looks every second. */
const PATIENCE = 30_000

export interface GiveOptions {
  /** Is told what the server says, but for the end. */
  readonly hear: (line: Exclude<Line, { readonly end: unknown }>) => void
  /** Whether to stop. The server then stops soon, and says so. */
  readonly isOver: () => boolean
}

/** The server does not do it, or not any more. */
export class HandOverError extends Error {}

/** Complete lines from a file that grows. */
const followerOf = (path: string) => {
  let offset = 0
  let rest = Buffer.alloc(0)
  const buffer = Buffer.alloc(256 * 1024)
  /** @returns what was added since; nothing while there is no file */
  return async (): Promise<readonly Line[]> => {
    const file = await open(path).catch(() => undefined)
    if (file === undefined) return []
    try {
      const lines: Line[] = []
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, offset)
        if (bytesRead === 0) return lines
        offset += bytesRead
        const text = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
        const cut = text.lastIndexOf('\n') + 1
        rest = Buffer.from(text.subarray(cut))
        const whole = text.toString('utf8', 0, cut).split('\n').slice(0, -1)
        lines.push(...whole.map((line): Line => JSON.parse(line)))
      }
    } finally {
      await file.close()
    }
  }
}

/** Writes a request so that the server sees it in one piece, and may read it. */
const ask = async (directory: string, path: string, request: Request): Promise<void> => {
  const place = requestsIn(directory)
  await writeFile(`${path}.new`, JSON.stringify(request), { mode: 0o600 })
  const { uid, gid } = await stat(place)
  // For root, who may be another one than the server.
  if (process.getuid?.() === 0) await chown(`${path}.new`, uid, gid)
  await rename(`${path}.new`, path)
}

/**
 * Hands work over, and waits for its end.
 *
 * @param server who uses the directory, and takes such work
 * @returns undefined when it was to stop before the server has begun
 * @throws HandOverError when the server does not take it, or ends in between
 */
export const handOver = async (
  directory: string,
  server: Other,
  request: Request,
  { hear, isOver }: GiveOptions,
): Promise<End | undefined> => {
  const files = filesOf(directory, randomBytes(8).toString('hex'))
  await ask(directory, files.request, request)
  const follow = followerOf(files.out)
  const began = performance.now()
  let [touched, heard] = [began, false]
  /** @returns whether it goes on */
  const touch = async (): Promise<boolean> => {
    const now = Date.now() / 1000
    const path = heard ? files.taken : files.request
    await utimes(path, now, now).catch(() => utimes(files.taken, now, now).catch(() => {}))
    return (await findOther(directory))?.identity === server.identity
  }
  try {
    for (let alive = true; ; ) {
      const lines = await follow()
      for (const line of lines) {
        heard = true
        if ('end' in line) return line.end
        hear(line)
      }
      if (!alive) {
        throw new HandOverError(`the server (${server.name}) has ended meanwhile`)
      }
      if (isOver()) {
        // Not begun: nothing was done. Otherwise the server sees it, and says what was done.
        if (
          await rm(files.request).then(
            () => true,
            () => false,
          )
        )
          return undefined
        await rm(files.taken, { force: true })
      }
      if (!heard && performance.now() - began > PATIENCE) {
        throw new HandOverError(`the server (${server.name}) does not begin: see its log`)
      }
      if (performance.now() - touched >= TOUCH) {
        touched = performance.now()
        alive = await touch()
      }
      await sleep(LOOK)
    }
  } finally {
    await Promise.all(Object.values(files).map((path) => rm(path, { force: true })))
  }
}
