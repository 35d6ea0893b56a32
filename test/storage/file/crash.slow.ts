import assert from 'node:assert/strict'
import { once } from 'node:events'
import { open, readdir, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, it } from 'vitest'
import { discard } from '../../../functions/storage/bytes.ts'
import { MIN_PART_SIZE, type ObjectBody } from '../../../functions/storage/store.ts'
import { block, bytes, drain, textAt } from '../contract/harness.ts'
import { filesBelow, openStore, outputOf, spawnWriter } from './harness.ts'

/** The number of files below a directory that this process has open. */
const openFiles = async (root: string): Promise<number> => {
  const all = await readdir('/proc/self/fd')
  const targets = all.map((each) => readlink(`/proc/self/fd/${each}`).catch(() => ''))
  return (await Promise.all(targets)).filter((target) => target.startsWith(root)).length
}

describe('file store beside others', () => {
  it('lets one process win each key', async (t) => {
    const { store, root } = await openStore(t)
    const script = `
      const won = []
      for (let n = 0; n < 60; n++) {
        const key = 'race/' + n + '/a'
        await store.put(key, Buffer.from(String(process.pid)), { condition: { ifNoneMatch: '*' } })
          .then(() => won.push(key), (error) => { if (error.failure !== 'precondition') throw error })
      }
      console.log(JSON.stringify({ pid: process.pid, won }))`
    const outputs = await Promise.all([1, 2, 3].map(() => outputOf(spawnWriter(root, script))))
    const results: { pid: number; won: string[] }[] = outputs.map((text) => JSON.parse(text))
    const all = results.flatMap(({ won }) => won)
    assert.equal(all.length, 60)
    assert.equal(new Set(all).size, 60)
    for (const { pid, won } of results) {
      for (const key of won) assert.equal(await textAt(store, key), String(pid))
    }
  })

  it('holds only whole objects after its process is killed', async (t) => {
    const { store, root } = await openStore(t)
    const script = `
      for (let n = 0; ; n++) {
        await Promise.all([1, 2, 3].map((i) => store.put('k/' + i, Buffer.alloc(300_000 + n, n % 251))))
        await store.put('docker/registry/v2/l' + n, Buffer.from('done ' + n))
        console.log(n)
      }`
    for (let round = 0; round < 3; round++) {
      const child = spawnWriter(root, script)
      // Once it has written something, after a different time each round.
      await once(child.stdout!, 'data')
      child.stdout!.resume()
      await sleep(37 * round)
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    const { objects } = await store.list('')
    assert.ok(objects.length > 3)
    for (const { key } of objects) {
      const body = await drain(await store.get(key))
      if (key.startsWith('k/'))
        assert.ok(body.every((byte) => byte === (body.length - 300_000) % 251))
      else assert.equal(body.toString(), `done ${key.slice('docker/registry/v2/l'.length)}`)
    }
    for (const path of await filesBelow(root)) {
      if (!path.startsWith('.slipway/tmp/'))
        assert.ok(objects.some(({ key }) => path.startsWith(key)))
    }
  })

  it('keeps nothing of an object that does not fit', async (t) => {
    const { store, root } = await openStore(t)
    await store.put('a', bytes('old'))
    const upload = await store.createMultipart('b', MIN_PART_SIZE)
    const kept = await store.uploadPart(upload, 1, block(1))
    // The limit of ulimit -f is in blocks of 512 bytes: 6 MiB.
    const script = `
      const outcome = (promise) => promise.then(() => 'stored', (error) => error.failure)
      console.log(JSON.stringify([
        await outcome(store.put('a', Buffer.alloc(7 * 1024 ** 2))),
        await outcome(store.uploadPart(${JSON.stringify(upload)}, 2, Buffer.alloc(${MIN_PART_SIZE}))),
      ]))`
    const limited = await outputOf(spawnWriter(root, script, 'ulimit -f 12288;'))
    assert.deepEqual(JSON.parse(limited), ['full', 'full'])
    assert.equal(await textAt(store, 'a'), 'old')
    assert.deepEqual(await readdir(join(root, '.slipway/tmp')), [])
    assert.deepEqual(await store.listParts(upload), [kept])
    const again = await store.uploadPart(upload, 2, bytes('end'))
    await store.completeMultipart(upload, [kept, again])
    const whole = await drain(await store.get('b'))
    assert.ok(whole.equals(Buffer.concat([block(1), bytes('end')])))
  })

  it('writes where a delete is pruning directories', async (t) => {
    const { store, root } = await openStore(t)
    const work = async (name: string) => {
      for (let round = 0; round < 100; round++) {
        const key = `docker/registry/v2/a/b/c/${name}`
        await store.put(key, bytes(name))
        assert.equal(await textAt(store, key), name)
        await store.list('', { delimiter: '/' })
        await store.delete([key])
      }
    }
    await Promise.all(['1', '2', '3', '4'].map(work))
    assert.deepEqual(await readdir(root), ['.slipway'])
  })
})

/** Discards the rest of a body, and waits until its file is closed. */
const leave = async (body: ObjectBody): Promise<void> => {
  discard(body)
  if (!(body instanceof Readable) || body.closed) return
  await new Promise((closed) => body.once('close', closed))
}

describe('file store within', () => {
  it('closes every file', async (t) => {
    const { store, root } = await openStore(t)
    const size = 3 * 1024 ** 2
    await store.put('a', new Uint8Array(size))
    const before = await openFiles(root)
    for (let round = 0; round < 20; round++) {
      await drain(await store.get('a'))
      await drain(await store.get('a', { start: 5 }))
      await leave((await store.get('a'))!.body)
      const begun = (await store.get('a'))!.body
      for await (const _ of begun) break
      await leave(begun)
      const running = (await store.get('a'))!.body as Readable
      running.read(1)
      await leave(running)
      await store.get('a', { end: 100, start: 50 })
      await assert.rejects(store.get('a', { start: size }))
      assert.equal(await store.get('b'), undefined)
    }
    assert.equal(await openFiles(root), before)
  })

  it('fails a read beyond the end of a file that became shorter', async (t) => {
    const { store, root } = await openStore(t)
    await store.put('docker/registry/v2/a', new Uint8Array(3 * 1024 ** 2))
    const before = await openFiles(root)
    const read = await store.get('docker/registry/v2/a')
    await writeFile(join(root, 'docker/registry/v2/a'), 'cut by another program')
    await assert.rejects(drain(read), /file ends/)
    assert.equal(await openFiles(root), before)
  })

  it('never turns a file that a writer may have open into an object', async (t) => {
    const { store, root } = await openStore(t)
    const upload = await store.createMultipart('a', MIN_PART_SIZE)
    const directory = join(root, '.slipway/uploads', upload.id)
    // A writer that took the place of part 1 and is still writing.
    await writeFile(join(directory, '1'), '')
    const slow = await open(join(directory, 'data'), 'r+')
    const one = await store.uploadPart(upload, 1, block(1))
    const two = await store.uploadPart(upload, 2, bytes('end'))
    await store.completeMultipart(upload, [one, two])
    await slow.write(block(9), 0, MIN_PART_SIZE, 0)
    await slow.close()
    const whole = await drain(await store.get('a'))
    assert.ok(whole.equals(Buffer.concat([block(1), bytes('end')])))
    assert.deepEqual(await filesBelow(root), ['a/$'])
  })

  it('completes without copying if nothing was replaced', async (t) => {
    const { store, root } = await openStore(t)
    const upload = await store.createMultipart('a', MIN_PART_SIZE)
    const data = await open(join(root, '.slipway/uploads', upload.id, 'data'), 'r')
    t.onTestFinished(() => data.close())
    const parts = [
      await store.uploadPart(upload, 1, block(1)),
      await store.uploadPart(upload, 2, block(2)),
    ]
    await store.completeMultipart(upload, parts)
    const object = await open(join(root, 'a/$'), 'r')
    t.onTestFinished(() => object.close())
    assert.equal((await object.stat()).ino, (await data.stat()).ino)
  })

  it('reopens an upload whose completion fails late', async (t) => {
    const { store, root } = await openStore(t)
    const key = 'docker/registry/v2/a'
    await store.put(`${key}/in-the-way`, bytes('x'))
    const upload = await store.createMultipart(key, MIN_PART_SIZE)
    const one = await store.uploadPart(upload, 1, block(1))
    await store.uploadPart(upload, 2, block(2))
    await assert.rejects(store.completeMultipart(upload, [one]), { code: 'EISDIR' })
    assert.deepEqual(await store.listParts(upload), [one])
    const two = await store.uploadPart(upload, 2, bytes('end'))
    await store.delete([`${key}/in-the-way`])
    await store.completeMultipart(upload, [one, two])
    const whole = await drain(await store.get(key))
    assert.ok(whole.equals(Buffer.concat([block(1), bytes('end')])))
    assert.deepEqual(await filesBelow(root), [key])
  })
})
