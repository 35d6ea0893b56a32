/**
 * The file store on a disk whose operations are the points of a run: opens, renames, links, unlinks,
 * flushes, and looks. A second process is a second copy of the store's modules.
 *
 * @module
 */

import { AsyncLocalStorage } from 'node:async_hooks'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import fsp, { type FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, normalize } from 'node:path'
import timers from 'node:timers/promises'
import { createFileStore as openStore } from '../../functions/storage/file/store.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import type { Access } from './access.ts'
import type { Reach } from './run.ts'

type Call = (...args: never[]) => Promise<unknown>
const originals = { ...fsp }
const wait = timers.setTimeout

/** Directories above a path, which must be there for it. */
const above = (path: string): string[] => {
  const parent = dirname(path)
  return parent === path || parent === '.' ? [] : [`${parent}/`, ...above(parent)]
}

const touch = (part: Partial<Access>): Access => ({ reads: [], lists: [], writes: [], ...part })

/** What an operation on paths touches. A directory is its path with a slash. */
const ACCESS: Readonly<Record<string, (...args: string[]) => Access>> = {
  open: (path = '', flags = 'r') =>
    flags.startsWith('r')
      ? touch({ reads: [path, `${path}/`] })
      : touch({ reads: above(path), writes: [path] }),
  stat: (path = '') => touch({ reads: [path, `${path}/`] }),
  readdir: (path = '') => touch({ lists: [`${path}/`] }),
  rename: (from = '', to = '') => touch({ reads: above(to), writes: [from, to] }),
  link: (from = '', to = '') => touch({ reads: [from, ...above(to)], writes: [to] }),
  unlink: (path = '') => touch({ writes: [path] }),
  rmdir: (path = '') => touch({ lists: [`${path}/`], writes: [`${path}/`] }),
  mkdir: (path = '') => touch({ writes: [`${path}/`, ...above(path)] }),
}

/** Who carries the operations of a process out; without, they are carried out at once. */
const carriers = new AsyncLocalStorage<Reach>()
let underWay = 0

/** Counts what another thread does meanwhile. */
const counted = async <T>(work: () => Promise<T>): Promise<T> => {
  underWay += 1
  try {
    return await work()
  } finally {
    underWay -= 1
  }
}

/** Whether nothing is under way in another thread. */
export const isIdle = (): boolean => underWay === 0

const FLUSHES = ['sync', 'datasync']

/** An open file: flushes are points, the rest is seen by nobody else. */
const handled = (file: FileHandle, path: string): FileHandle =>
  new Proxy(file, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        const call = (): Promise<unknown> => counted(async () => value.apply(target, args))
        const reach = carriers.getStore()
        if (!reach || !FLUSHES.includes(String(name))) return call()
        return reach({ title: `${String(name)} ${path}`, access: touch({ reads: [path] }) }, call)
      }
    },
  })

/** Has all operations go through the runs until it is ended. @returns what ends it */
export const interpose = (): (() => void) => {
  const patched = fsp as unknown as Record<string, Call>
  const real = originals as unknown as Record<string, Call>
  for (const [name, accessOf] of Object.entries(ACCESS)) {
    const call = real[name]!
    patched[name] = async (...args: never[]) => {
      const paths = (args as unknown[]).map((each) =>
        typeof each === 'string' ? normalize(each).replace(ROOT, '') : '',
      )
      const title = `${name} ${paths.slice(0, 2).join(' ')}`
      const proceed = () => counted(() => call(...args))
      const reach = carriers.getStore()
      const done = reach ? reach({ title, access: accessOf(...paths) }, proceed) : proceed()
      return name === 'open' ? handled((await done) as FileHandle, paths[0]!) : done
    }
  }
  timers.setTimeout = (async (milliseconds: number) => {
    const reach = carriers.getStore()
    const what = { title: 'wait', access: touch({}), patient: true }
    return reach ? reach(what, async () => {}) : wait(milliseconds)
  }) as typeof wait
  syncBuiltinESMExports()
  return () => {
    timers.setTimeout = wait
    Object.assign(fsp, originals)
    syncBuiltinESMExports()
  }
}

/** What a process comes to before anything else. */
const START = '/.slipway/start'

/** Does work, the operations of which are carried out as `reach` says. */
export const through = <T>(reach: Reach, work: () => Promise<T>): Promise<T> =>
  reach({ title: 'start', access: touch({ reads: [START] }) }, async () => {}).then(() =>
    carriers.run(reach, work),
  )

/** Whether a point is one after which a process may come to a lock, which are no points themselves. */
export const mayLock = ({ reads, writes }: Access): boolean =>
  [...reads, ...writes].some((path) => path.startsWith('/.slipway/'))

/** What is different in each run: points of one are compared with those of others. */
const ROOT = /^.*\/slipway-steps-\w{6}/

/** In memory where that can be: nothing is waited for. */
const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A directory of its own, and how to remove it. */
export const scratch = (): { root: string; remove: () => void } => {
  const root = mkdtempSync(join(PLACE, 'slipway-steps-'))
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) }
}

/**
 * The store of a process. Another one knows the directory by another path, so that it shares no lock
 * with the first, as if it had a memory of its own.
 */
export const storeOf = (root: string, process: number): ObjectStore =>
  openStore({ root: root + '/.'.repeat(process), verbatim: ['v/'], staged: [] })
