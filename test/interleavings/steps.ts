/**
 * Operations of the port on one key of the file store at once, step by step: each must look as if it
 * were one moment.
 *
 * @module
 */

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
  readonly upload: MultipartUpload
  readonly parts: readonly Part[]
}

/** An operation of the port. */
export interface Step {
  readonly title: string
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
    run: (store, { upload, parts }) => store.completeMultipart(upload, parts),
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

const open = async (present: boolean) => {
  const { root, remove } = await scratch()
  const store = storeOf(root, 0)
  await store.put(OTHER, bytes('other'))
  // One that is absent was there once, with a version that does not come back.
  const { etag } = await store.put(KEY, bytes('before'))
  if (!present) await store.delete([KEY])
  const upload = await store.createMultipart(KEY, MIN_PART_SIZE)
  const part = await store.uploadPart(upload, 1, bytes('whole'))
  return { root, remove, setting: { etag, upload, parts: [part] } }
}

const endOf = async (root: string): Promise<string> => `${await textAt(storeOf(root, 0), KEY)}`

const orders = (count: number): number[][] =>
  count === 1
    ? [[0]]
    : orders(count - 1).flatMap((order) =>
        [...order, 0].map((_, at) => order.toSpliced(at, 0, count - 1)),
      )

const serialEndings = async ({ steps, present }: StepOptions): Promise<Set<string>> => {
  const endings = new Set<string>()
  for (const order of orders(steps.length)) {
    const { root, remove, setting } = await open(present)
    const answers: string[] = []
    for (const at of order) {
      answers[at] = await told(() => steps[at]!.run(storeOf(root, 0), setting))
    }
    endings.add(JSON.stringify([answers, await endOf(root)]))
    await remove()
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
  const serial = await serialEndings(options)
  const faults = new Map<string, string>()
  let root = ''
  let remove = async (): Promise<void> => {}

  const run = async (choose: Choose): Promise<Finished | undefined> => {
    await remove()
    const opened = await open(present)
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
  await remove()
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
