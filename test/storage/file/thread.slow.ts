/**
 * The store keeps its contract where small files are written by a thread of their own, and where that thread ends.
 *
 * @module
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { openFileStore } from '../../../functions/compose/file-store.ts'
import { newFilesByThread } from '../../../functions/storage/file/thread/thread.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { block, textAt } from '../contract/harness.ts'
import { storeContract } from '../contract.ts'
import { filesBelow, openStore, outputOf, spawnWriter } from './harness.ts'

const CODE = new URL('../../../functions/storage/file/thread/worker.ts', import.meta.url)

/** New files by a thread that starts with the first one; it may have started or ended before that is written. */
const createThread = (code = CODE) => {
  const workers: Worker[] = []
  const started = Promise.withResolvers<unknown>()
  const ended = Promise.withResolvers<unknown>()
  const start = () => {
    const worker = new Worker(code)
    workers.push(worker)
    worker.once('message', started.resolve).once('exit', ended.resolve)
    return worker
  }
  const files = newFilesByThread(start, 1)
  return { workers, started: started.promise, ended: ended.promise, files }
}

/** Writes the first file. @returns the thread, from when on it writes all others */
const startBy = async (
  store: ObjectStore,
  { workers, started }: ReturnType<typeof createThread>,
): Promise<Worker> => {
  await store.put('first', Buffer.from('x'))
  await started
  return workers[0]!
}

const shared = createThread()
const temporary = await mkdtemp(join(tmpdir(), 'slipway-file-'))
await startBy(openFileStore(temporary, shared.files), shared)
await rm(temporary, { recursive: true })

storeContract(
  'file, small files by a thread',
  async () => {
    const root = await mkdtemp(join(tmpdir(), 'slipway-file-'))
    return {
      store: openFileStore(root, shared.files),
      close: () => rm(root, { recursive: true, force: true }),
    }
  },
  { presigns: false, memory: 'not' },
)

const NAMES = Array.from({ length: 40 }, (_, n) => `k/${n}`)

const putAll = (store: ObjectStore) =>
  Promise.allSettled(NAMES.map((name) => store.put(name, Buffer.from(`at ${name}`))))

describe('the thread', () => {
  it('writes what is there afterwards, and leaves nothing else', async (t) => {
    const { root } = await openStore(t)
    const thread = createThread()
    const { files, workers } = thread
    const store = openFileStore(root, files)
    await startBy(store, thread)
    const results = await putAll(store)
    expect(results.filter(({ status }) => status === 'rejected')).toEqual([])
    expect(workers).toHaveLength(1)
    expect(await filesBelow(root)).toHaveLength(NAMES.length + 1)
    for (const name of NAMES) expect(await textAt(store, name)).toBe(`at ${name}`)
  })

  it('gives each write a version of its own', async (t) => {
    const { root } = await openStore(t)
    const store = openFileStore(root, shared.files)
    const etags = new Set<string>()
    for (let n = 0; n < 200; n++) etags.add((await store.put('k', Buffer.from('same'))).etag)
    expect(etags.size).toBe(200)
  })

  it('does not move the memory of the caller', async (t) => {
    const { root } = await openStore(t)
    const store = openFileStore(root, shared.files)
    const bytes = block(1, 1000)
    await Promise.all([store.put('a', bytes), store.put('b', bytes.subarray(10, 20))])
    expect(bytes).toHaveLength(1000)
    expect((await store.head('b'))?.size).toBe(10)
  })

  it('fails what it was to write when it ends; what follows is written without it', async (t) => {
    const { root } = await openStore(t)
    const thread = createThread()
    const { files, workers } = thread
    const store = openFileStore(root, files)
    const worker = await startBy(store, thread)
    const writing = putAll(store)
    await worker.terminate()
    for (const [n, { status }] of (await writing).entries()) {
      if (status === 'fulfilled') expect(await textAt(store, NAMES[n]!)).toBe(`at ${NAMES[n]}`)
    }
    const results = await putAll(store)
    expect(results.filter(({ status }) => status === 'rejected')).toEqual([])
    expect(workers).toHaveLength(1)
  })

  it('is not waited for where it cannot start', async (t) => {
    const { root } = await openStore(t)
    const nothing = new URL('data:text/javascript,throw new Error("no thread")')
    const { files, ended } = createThread(nothing)
    const store = openFileStore(root, files)
    await store.put('first', Buffer.from('x'))
    await ended
    const results = await putAll(store)
    expect(results.filter(({ status }) => status === 'rejected')).toEqual([])
  })

  it('neither keeps a process alive nor lets one end that still writes', async (t) => {
    const { root } = await openStore(t)
    const script = `
      for (let at = 0; at < 1000; at += 50) {
        const names = Array.from({ length: 50 }, (_, n) => 'k/' + (at + n))
        await Promise.all(names.map((name) => store.put(name, Buffer.from('x'))))
      }
      console.log('written')`
    expect(await outputOf(spawnWriter(root, script))).toBe('written\n')
    expect(await filesBelow(root)).toHaveLength(1000)
  })
})
