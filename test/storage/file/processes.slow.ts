/**
 * Several processes on one directory, as the workers of a server: each write counts once, whoever else writes,
 * deletes, lists or dies at the same time.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'vitest'
import { MIN_PART_SIZE, type MultipartUpload } from '../../../functions/storage/store.ts'
import { drain, textAt } from '../contract/harness.ts'
import { openStore, outputOf, spawnWriter } from './harness.ts'

const PROCESSES = [0, 1, 2]

/** What each process has to work with. */
const HELPERS = `
  const refused = (error) => {
    if (error.failure !== 'precondition') throw error
    return undefined
  }
  const textOf = async (read) => {
    let text = ''
    for await (const chunk of read.body) text += Buffer.from(chunk)
    return text
  }
  const put = (key, text, condition) =>
    store.put(key, Buffer.from(text), { condition }).catch(refused)
  /** Adds one to a number, and begins with one where there is none. Gives the number. */
  const increase = async (key) => {
    for (;;) {
      const read = await store.get(key)
      if (read === undefined) {
        if (await put(key, '1', { ifNoneMatch: '*' })) return 1
        continue
      }
      const next = Number(await textOf(read)) + 1
      if (await put(key, String(next), { ifMatch: read.info.etag })) return next
    }
  }
`

/** Runs a script in several processes at once; `me` is 0, 1, 2. @returns what each prints, from JSON */
const inProcesses = async <T>(root: string, script: string): Promise<T[]> => {
  const outputs = PROCESSES.map((me) =>
    outputOf(spawnWriter(root, `const me = ${me}\n${HELPERS}${script}`)),
  )
  return (await Promise.all(outputs)).map((text): T => JSON.parse(text))
}

for (const key of ['slipway/v1/config/count', 'docker/registry/v2/count']) {
  test(`numbers are counted exactly: ${key}`, async (t) => {
    const { store, root } = await openStore(t)
    const seen = await inProcesses<number[]>(
      root,
      `
      const mine = []
      for (let n = 0; n < 50; n++) mine.push(await increase('${key}'))
      console.log(JSON.stringify(mine))`,
    )
    assert.equal(await textAt(store, key), '150')
    assert.equal(new Set(seen.flat()).size, 150)
    for (const mine of seen)
      assert.deepEqual(
        mine,
        mine.toSorted((a, b) => a - b),
      )
  })
}

test('each version is deleted or replaced once', async (t) => {
  const { store, root } = await openStore(t)
  // Who deletes it takes what it has counted: nothing is counted twice, and nothing is lost.
  const taken = await inProcesses<{ added: number; taken: number }>(
    root,
    `
    let [added, taken] = [0, 0]
    for (let n = 0; n < 75; n++) {
      if (n % 3 !== me) {
        await increase('docker/registry/v2/a/b/count')
        added += 1
        continue
      }
      const read = await store.get('docker/registry/v2/a/b/count')
      if (read === undefined) continue
      const number = Number(await textOf(read))
      const gone = await store.deleteIf('docker/registry/v2/a/b/count', read.info.etag).then(() => true, refused)
      if (gone) taken += number
    }
    console.log(JSON.stringify({ added, taken }))`,
  )
  // The last step of all may have been a deletion, which leaves nothing.
  const last = await store.get('docker/registry/v2/a/b/count')
  const left = last === undefined ? 0 : Number(await drain(last))
  const sum = (of: 'added' | 'taken') => taken.reduce((total, each) => total + each[of], 0)
  assert.equal(sum('added'), sum('taken') + left)
  assert.ok(sum('taken') > 0)
})

test('writes into directories that others empty are there when they are done', async (t) => {
  const { root, store } = await openStore(t)
  const lost = await inProcesses<string[]>(
    root,
    `
    const lost = []
    for (let n = 0; n < 40; n++) {
      const key = 'docker/registry/v2/repositories/r/_layers/' + me + '/link'
      await store.put(key, Buffer.from(String(n)))
      await store.copy(key, key + 's/copy', String(n).length)
      const listed = new Set()
      const page = await store.list('docker/registry/v2/', {})
      for (const object of page.objects) listed.add(object.key)
      for (const mine of [key, key + 's/copy']) {
        if (!listed.has(mine)) lost.push(mine + ' not listed ' + n)
        if ((await textOf(await store.get(mine))) !== String(n)) lost.push(mine + ' is not ' + n)
      }
      await store.delete([key, key + 's/copy'])
      if (await store.head(key)) lost.push(key + ' is still there')
    }
    console.log(JSON.stringify(lost))`,
  )
  assert.deepEqual(lost.flat(), [])
  assert.deepEqual((await store.list('')).objects, [])
})

test('parts of one upload may come from all processes, and one of them completes it', async (t) => {
  const { store, root } = await openStore(t)
  for (let round = 0; round < 3; round++) {
    const key = `docker/registry/v2/blob${round}`
    const upload: MultipartUpload = await store.createMultipart(key, MIN_PART_SIZE)
    const outcomes = await inProcesses<string>(
      root,
      `
      const upload = ${JSON.stringify(upload)}
      for (let number = me + 1; number <= 7; number += 3) {
        await store.uploadPart(upload, number, Buffer.alloc(${MIN_PART_SIZE}, number))
      }
      // Until all parts are there, or somebody has completed it.
      for (;;) {
        const parts = await store.listParts(upload).catch(() => undefined)
        if (parts === undefined || parts.length === 7) {
          const done = store.completeMultipart(upload, parts ?? [{ number: 1, etag: '', size: 0 }])
          console.log(JSON.stringify(await done.then(() => 'done', (error) => error.failure)))
          break
        }
        await new Promise((soon) => setTimeout(soon, 5))
      }`,
    )
    assert.deepEqual(outcomes.toSorted(), ['done', 'multipart', 'multipart'])
    const body = await drain(await store.get(key))
    assert.equal(body.length, 7 * MIN_PART_SIZE)
    for (let number = 1; number <= 7; number++) {
      const part = body.subarray((number - 1) * MIN_PART_SIZE, number * MIN_PART_SIZE)
      assert.ok(part.every((byte) => byte === number))
    }
  }
})

test('a process that is killed takes nothing with it that it has said, and holds up others for half a minute at most', async (t) => {
  const { store, root } = await openStore(t)
  const endless = `${HELPERS} for (;;) console.log(await increase('docker/registry/v2/count'))`
  let said = 0
  for (let round = 0; round < 3; round++) {
    const children = [spawnWriter(root, endless), spawnWriter(root, endless)]
    const outputs = children.map((child) => outputOf(child))
    await Promise.all(children.map((child) => once(child.stdout!, 'readable')))
    for (const child of children) child.kill('SIGKILL')
    const counted = (await Promise.all(outputs)).join('').trim().split('\n')
    said += counted.length
    assert.equal(new Set(counted).size, counted.length)
  }
  // Each that died may have counted once more without saying so.
  const before = Number(await textAt(store, 'docker/registry/v2/count'))
  assert.ok(before >= said && before <= said + 6, `${before} of ${said}`)
  const after = JSON.parse(
    await outputOf(
      spawnWriter(root, `${HELPERS} console.log(await increase('docker/registry/v2/count'))`),
    ),
  )
  assert.equal(after, before + 1)
})
