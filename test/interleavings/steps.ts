/**
 * Operations of the port on one key of the file store at once, step by step: each must look as if it
 * were one moment.
 *
 * @module
 */

import { cpSync } from 'node:fs'
import { readAll } from '../../functions/storage/bytes.ts'
import { isStoreError } from '../../functions/storage/errors.ts'
import {
  MIN_PART_SIZE,
  type MultipartUpload,
  type ObjectStore,
  type Part,
} from '../../functions/storage/store.ts'
import { conflict } from './access.ts'
import { type Dependent, type Explored, explore } from './explore.ts'
import { isIdle, mayLock, scratch, storeOf, through } from './files.ts'
import { type Choose, type Finished, type Process, type Reach, runAll } from './run.ts'

const KEY = 'v/some/link'
const OTHER = 'v/other/link'

interface Setting {
  /** Version of the key before. */
  readonly etag: string
  /** An upload with all its parts, for steps that want one. */
  readonly sent?: { readonly upload: MultipartUpload; readonly parts: readonly Part[] }
}

/** An operation of the port. */
export interface Step {
  readonly title: string
  /** Whether it wants an upload. */
  readonly uploads?: boolean
  readonly run: (store: ObjectStore, setting: Setting) => Promise<unknown>
}

const bytes = (text: string): Uint8Array => Buffer.from(text)

const textAt = async (store: ObjectStore, key: string): Promise<string | undefined> => {
  const read = await store.get(key)
  return read && Buffer.from(await readAll(read.body, MIN_PART_SIZE)).toString()
}

export const STEPS: readonly Step[] = [
  { title: 'put', run: (store) => store.put(KEY, bytes('put')) },
  { title: 'put another', run: (store) => store.put(KEY, bytes('another')) },
  {
    title: 'put if there is none',
    run: (store) => store.put(KEY, bytes('new'), { condition: { ifNoneMatch: '*' } }),
  },
  {
    title: 'put over the version',
    run: (store, { etag }) => store.put(KEY, bytes('over'), { condition: { ifMatch: etag } }),
  },
  { title: 'copy', run: (store) => store.copy(OTHER, KEY, 5) },
  {
    title: 'complete a multipart upload',
    uploads: true,
    run: (store, { sent }) => store.completeMultipart(sent!.upload, sent!.parts),
  },
  { title: 'delete', run: (store) => store.delete([KEY]) },
  { title: 'delete the version', run: (store, { etag }) => store.deleteIf(KEY, etag) },
  { title: 'delete beside it', run: (store) => store.delete([OTHER]) },
  { title: 'get', run: (store) => textAt(store, KEY) },
  {
    title: 'list',
    run: async (store) => (await store.list('v/some/')).objects.map(({ key }) => key),
  },
]

/** How operations are explored. */
export interface StepOptions {
  readonly steps: readonly Step[]
  /** Whether there is an object before. */
  readonly present: boolean
  /** Whether each has a process of its own. */
  readonly apart: boolean
  readonly limit: number
}

const told = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    const result = await work()
    return typeof result === 'string' || Array.isArray(result) ? JSON.stringify(result) : 'done'
  } catch (error) {
    if (isStoreError(error, 'precondition', 'missing', 'multipart')) return error.failure
    throw error
  }
}

/** A directory, and how to remove it. */
interface Begun {
  readonly root: string
  /** Version of the key. */
  readonly etag: string
  remove(): void
}

/** What is in a directory before each run. */
const begin = async (present: boolean): Promise<Begun> => {
  const { root, remove } = scratch()
  const store = storeOf(root, 0)
  await store.put(OTHER, bytes('other'))
  // One that is absent was there once, with a version that does not come back.
  const { etag } = await store.put(KEY, bytes('before'))
  if (!present) await store.delete([KEY])
  return { root, remove, etag }
}

interface Opened {
  readonly root: string
  readonly setting: Setting
  remove(): void
}

/** A copy of what a run begins with. Versions of files are of each copy, and so are uploads. */
const again = async (begun: Begun, steps: readonly Step[]): Promise<Opened> => {
  const { root, remove } = scratch()
  cpSync(begun.root, root, { recursive: true })
  const store = storeOf(root, 0)
  const setting = { etag: (await store.head(KEY))?.etag ?? begun.etag }
  if (!steps.some(({ uploads }) => uploads)) return { root, remove, setting }
  const upload = await store.createMultipart(KEY, MIN_PART_SIZE)
  const parts = [await store.uploadPart(upload, 1, bytes('whole'))]
  return { root, remove, setting: { ...setting, sent: { upload, parts } } }
}

const endOf = async (root: string): Promise<string> => `${await textAt(storeOf(root, 0), KEY)}`

const orders = (count: number): number[][] =>
  count === 1
    ? [[0]]
    : orders(count - 1).flatMap((order) =>
        [...order, 0].map((_, at) => order.toSpliced(at, 0, count - 1)),
      )

const serialEndings = async (begun: Begun, { steps }: StepOptions): Promise<Set<string>> => {
  const endings = new Set<string>()
  for (const order of orders(steps.length)) {
    const { root, remove, setting } = await again(begun, steps)
    const answers: string[] = []
    for (const at of order) {
      answers[at] = await told(() => steps[at]!.run(storeOf(root, 0), setting))
    }
    endings.add(JSON.stringify([answers, await endOf(root)]))
    remove()
  }
  return endings
}

/** What was found. */
export interface StepsChecked extends Explored {
  readonly faults: readonly string[]
}

/** Explores operations; the file system must be interposed. */
export const checkSteps = async (options: StepOptions): Promise<StepsChecked> => {
  const { steps, present, apart, limit } = options
  const begun = await begin(present)
  const serial = await serialEndings(begun, options)
  const faults = new Map<string, string>()
  let root = ''
  let remove = (): void => {}

  const run = async (choose: Choose): Promise<Finished> => {
    remove()
    const opened = await again(begun, steps)
    ;({ root, remove } = opened)
    const prepare = async (reach: Reach): Promise<Process[]> =>
      steps.map((step, at) => {
        const store = storeOf(root, apart ? at : 0)
        const work = () => told(() => step.run(store, opened.setting))
        return { instance: apart ? at : 0, run: () => through(reach, work) }
      })
    return runAll(prepare, choose, undefined, isIdle)
  }

  const visit = async ({ answers, points }: Finished): Promise<void> => {
    const ending = JSON.stringify([answers, await endOf(root)])
    if (serial.has(ending) || faults.has(ending)) return
    const trace = points.map(({ process, title }) => `${steps[process]!.title}: ${title}`)
    faults.set(ending, [`no order ends with ${ending}`, ...trace].join('\n'))
  }

  // In one process, who comes to the lock of a path first makes a difference.
  const dependent: Dependent = (a, b) =>
    conflict(a.access, b.access) || (!apart && mayLock(a.access) && mayLock(b.access))
  const explored = await explore(run, visit, limit, dependent)
  remove()
  begun.remove()
  return { ...explored, faults: [...faults.values()] }
}

/** The operation with this title. */
export const step = (title: string): Step => {
  const found = STEPS.find((each) => each.title === title)
  if (found === undefined) throw new Error(`there is no operation ${title}`)
  return found
}

/** Each pair, and each beside itself. */
export const pairsOf = (steps: readonly Step[]): (readonly [Step, Step])[] =>
  steps.flatMap((one, at) => steps.slice(at).map((two) => [one, two] as const))
