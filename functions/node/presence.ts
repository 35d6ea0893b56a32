/**
 * Says that a server uses a directory, in `.slipway/server` there, so that a second one can say so at its
 * start. It locks nothing: what a killed server leaves keeps nobody out.
 *
 * @module
 */

import { mkdir, readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Settings } from '../compose/settings.ts'
import * as z from '../shared/schema.ts'

/** Milliseconds between two signs of life. */
const BEAT = 5000
/** Milliseconds without a sign after which a server elsewhere is considered dead. */
const SILENT = 3 * BEAT

const schema = z.object({
  host: z.string(),
  pid: z.number(),
  /** Where process ids mean the same: this boot of a machine, and the namespace of a container. */
  space: z.string(),
  /** When the process started, in ticks of that boot; tells it from a later one with its id. */
  started: z.string(),
  /** What it does for others that ask in the directory: see hand-over/. Absent: nothing. */
  takes: z.optional(z.array(z.string())),
})

/** A server that says that it uses a directory. */
type Server = z.output<typeof schema>

/** When a process started, or undefined if there is none that is alive. */
const startOf = async (pid: number): Promise<string | undefined> => {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The second field is a name in parentheses, which may contain anything; the 22nd is the start.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  // A zombie has been killed, and its parent has not noticed.
  return fields[0] === 'Z' ? undefined : fields[19]
}

/** This process; on other systems than Linux, without a space. */
const self = async (takes: readonly string[]): Promise<Server> => {
  const [boot, namespace, started] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
    startOf(process.pid),
  ])
  return {
    host: hostname(),
    pid: process.pid,
    space: boot === '' || namespace === '' ? '' : `${boot.trim()} ${namespace}`,
    started: started ?? '',
    ...(takes.length === 0 ? {} : { takes: [...takes] }),
  }
}

/** Whether a server is alive, by its process where that can be seen, otherwise by its last sign. */
const isAlive = async (other: Server, silence: number, space: string): Promise<boolean> =>
  space !== '' && other.space === space
    ? (await startOf(other.pid)) === other.started
    : silence < SILENT

/** What a living server says in the file. */
const readOther = async (path: string, space: string): Promise<Server | undefined> => {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    const other = schema.parse(JSON.parse(text))
    return (await isAlive(other, Date.now() - mtimeMs, space)) ? other : undefined
  } catch {
    // Absent, half-written or not ours: nobody says anything.
    return undefined
  }
}

/** A process that uses a directory. */
export interface Other {
  /** In words: `process 17 on host`. */
  readonly name: string
  /** Tells it from another one, also from a later one with the same id. */
  readonly identity: string
  /** What it does for others that ask in the directory. */
  readonly takes: readonly string[]
}

const describeOther = (other: Server): Other => ({
  name: `process ${other.pid} on ${other.host}`,
  identity: JSON.stringify([other.host, other.pid, other.space, other.started]),
  takes: other.takes ?? [],
})

/** What stands in the directory for presence. */
const pathOf = (directory: string): string => join(directory, '.slipway', 'server')

/** The process that says that it uses a directory, and is alive. */
export const findOther = async (directory: string): Promise<Other | undefined> => {
  const { space } = await self([])
  const other = await readOther(pathOf(directory), space)
  return other && describeOther(other)
}

/** A process's presence in a directory. */
export interface Presence {
  /** The process that was there before; undefined for none. */
  readonly other: Other | undefined
  /** Ends the signs of life. */
  end(): Promise<void>
}

/**
 * Announces this server in a directory, unless another one is alive there; then, when that one has ended.
 * A directory that cannot be written to is not announced in: writing is not this function's business.
 *
 * @param directory root of a file store
 * @param takes what it does for others that ask there
 */
export const announce = async (
  directory: string,
  takes: readonly string[] = [],
): Promise<Presence> => {
  const path = pathOf(directory)
  const me = await self(takes)
  const text = JSON.stringify(me)
  let mine = false
  let ended = false
  const beat = async (): Promise<Server | undefined> => {
    const now = Date.now() / 1000
    if (mine && (await readFile(path, 'utf8').catch(() => '')) === text) {
      await utimes(path, now, now)
      return undefined
    }
    mine = false
    if (ended) return undefined
    const other = await readOther(path, me.space)
    if (other !== undefined) return other
    await mkdir(join(directory, '.slipway'), { recursive: true })
    await writeFile(path, text, { mode: 0o600 })
    mine = true
    return undefined
  }
  const other = await beat().catch(() => undefined)
  const timer = setInterval(() => void beat().catch(() => undefined), BEAT).unref()
  return {
    other: other && describeOther(other),
    end: async () => {
      ended = true
      clearInterval(timer)
      if (mine) await rm(path, { force: true }).catch(() => undefined)
    },
  }
}

/**
 * The presence of a server that writes to a directory, and what to say of another one; nothing elsewhere.
 *
 * @returns `alone`: the directory that it alone uses
 */
export const announcePresence = async (
  settings: Pick<Settings, 'store' | 'read-only'>,
): Promise<{
  readonly notes: readonly string[]
  readonly alone: string | undefined
  end(): Promise<void>
}> => {
  const { store } = settings
  if (store.kind !== 'file' || settings['read-only'])
    return { notes: [], alone: undefined, end: async () => {} }
  const { other, end } = await announce(store.path, ['gc'])
  if (other === undefined) return { notes: [], alone: store.path, end }
  return {
    notes: [
      `Another server uses ${store.path}, too: ${other.name}. Stop one: a directory is for one at a time.`,
    ],
    alone: undefined,
    end,
  }
}
