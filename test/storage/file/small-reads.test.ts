/**
 * Small files that are read again: what is kept of them is never what they were.
 *
 * @module
 */

import { mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, type TestContext, test, vi } from 'vitest'
import { readAll } from '../../../functions/storage/bytes.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { bytes } from '../contract/harness.ts'
import { openStore } from './harness.ts'

const LINK = 'docker/registry/v2/repositories/a/_manifests/tags/v1/current/link'

/** An hour ago: files that are as old are kept. */
const EARLIER = new Date(Date.now() - 3_600_000)

type Scene = Awaited<ReturnType<typeof openStore>> & { readonly path: string }

const read = async (store: ObjectStore): Promise<string | undefined> => {
  const found = await store.get(LINK)
  return found && (await readAll(found.body, 100)).toString()
}

/** A link of another program, read twice. */
const scene = async (t: TestContext): Promise<Scene> => {
  const opened = await openStore(t)
  const path = join(opened.root, LINK)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, 'sha256:aa')
  await utimes(path, EARLIER, EARLIER)
  for (let time = 0; time < 2; time += 1) expect(await read(opened.store)).toBe('sha256:aa')
  return { ...opened, path }
}

const CHANGES: readonly (readonly [
  string,
  string | undefined,
  (scene: Scene) => Promise<unknown>,
])[] = [
  ['written in place', 'sha256:bb', ({ path }) => writeFile(path, 'sha256:bb')],
  [
    'written in place, with the time it had',
    'sha256:b',
    async ({ path }) => {
      await writeFile(path, 'sha256:b')
      await utimes(path, EARLIER, EARLIER)
    },
  ],
  [
    'replaced, with the time it had',
    'sha256:bb',
    async ({ path }) => {
      await writeFile(`${path}.new`, 'sha256:bb')
      await utimes(`${path}.new`, EARLIER, EARLIER)
      await rename(`${path}.new`, path)
    },
  ],
  ['written by the store', 'sha256:bb', ({ store }) => store.put(LINK, bytes('sha256:bb'))],
  ['deleted by the store', undefined, ({ store }) => store.delete([LINK])],
  ['removed', undefined, ({ path }) => rm(path)],
  [
    'a directory',
    undefined,
    async ({ path }) => {
      await rm(path)
      await mkdir(path)
    },
  ],
]

test.for(CHANGES)('one that is %s', async ([, expected, change], t) => {
  const own = await scene(t)
  await change(own)
  for (let time = 0; time < 2; time += 1) expect(await read(own.store)).toBe(expected)
})

test('one that was written just now may be written in place again, within a tick of the clock', async (t) => {
  const { store, path } = await scene(t)
  const now = new Date()
  for (const text of ['sha256:bb', 'sha256:cc']) {
    await writeFile(path, text)
    await utimes(path, now, now)
    expect(await read(store)).toBe(text)
  }
})

test('nor is one older because a process stood still while it read it', async (t) => {
  const { store, path } = await scene(t)
  vi.useFakeTimers({ toFake: ['Date'] })
  t.onTestFinished(() => void vi.useRealTimers())
  const now = new Date()
  await writeFile(path, 'sha256:bb')
  await utimes(path, now, now)
  const reading = read(store)
  vi.setSystemTime(now.getTime() + 10_000)
  expect(await reading).toBe('sha256:bb')
  await writeFile(path, 'sha256:cc')
  await utimes(path, now, now)
  expect(await read(store)).toBe('sha256:cc')
})

test('who reads one may do what it likes with the bytes', async (t) => {
  const { store } = await scene(t)
  const [mine] = (await store.get(LINK))!.body as readonly [Uint8Array<ArrayBuffer>]
  mine.fill(0)
  mine.buffer.transfer()
  expect(await read(store)).toBe('sha256:aa')
})
