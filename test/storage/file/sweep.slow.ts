/**
 * A process is killed before each single operation on a file. A sweep removes all that is left of it, and
 * nothing else; while it is young, nothing is touched.
 *
 * @module
 */

import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { inBatches } from '../../../functions/shared/parallel.ts'
import { MIN_PART_SIZE } from '../../../functions/storage/store.ts'
import { bytes, textAt } from '../contract/harness.ts'
import { filesBelow, openStore, spawnWriter } from './harness.ts'

/** Kills its own process before the operation with this number, of the module's and of open files. */
const killBefore = (operation: number): string => `
  import fs from 'node:fs/promises'
  import { syncBuiltinESMExports } from 'node:module'
  let count = 0
  const mortal = (holder, names) => {
    for (const name of names) {
      const original = holder[name]
      holder[name] = function (...args) {
        count += 1
        if (count === ${operation}) process.kill(process.pid, 'SIGKILL')
        return original.apply(this, args)
      }
    }
  }
  const handle = await fs.open(process.execPath)
  mortal(Object.getPrototypeOf(handle), ['write', 'datasync', 'sync', 'utimes'])
  await handle.close()
  mortal(fs, ['open', 'link', 'unlink', 'rename', 'mkdir', 'rmdir', 'rm', 'writeFile', 'truncate', 'copyFile'])
  syncBuiltinESMExports()`

const WORK = `
  const size = ${MIN_PART_SIZE}
  const { etag } = await store.put('a', Buffer.from('new'))
  await store.put('a', Buffer.from('newer'), { condition: { ifMatch: etag } })
  await store.copy('docker/registry/v2/b', 'docker/registry/v2/copy', 1)
  const one = await store.createMultipart('docker/registry/v2/one', size)
  const parts = [await store.uploadPart(one, 1, Buffer.alloc(size)), await store.uploadPart(one, 2, Buffer.from('x'))]
  await store.completeMultipart(one, [parts[0], await store.uploadPart(one, 2, Buffer.from('end'))])
  const two = await store.createMultipart('two', size)
  await store.uploadPart(two, 1, Buffer.alloc(size))
  await store.abortMultipart(two)
  await store.delete(['a', 'docker/registry/v2/copy'])
  console.log('done')`

test('nothing is left of a process that was killed', async (t) => {
  let [kills, leftovers] = [0, 0]
  const attempt = async (operation: number): Promise<boolean> => {
    const { store, root } = await openStore(t)
    await store.put('a', bytes('old'))
    await store.put('docker/registry/v2/b', bytes('b'))
    // The store is imported after its functions were wrapped.
    const child = spawnWriter(root, WORK, '', killBefore(operation))
    let printed = ''
    child.stdout?.on('data', (data) => (printed += data))
    const [, signal] = await once(child, 'close')
    if (signal !== 'SIGKILL') expect(printed).toBe('done\n')

    expect(await store.sweep?.(new Date(Date.now() - 60_000))).toBe(0)
    leftovers += (await store.sweep?.(new Date(Date.now() + 60_000))) ?? 0
    expect(await readdir(join(root, '.slipway/tmp'))).toEqual([])
    const open = await store.listMultiparts('')
    for (const upload of open) await store.abortMultipart(upload)
    const { objects } = await store.list('')
    const files = (await filesBelow(root)).map((path) => path.replace(/\/\$$/, ''))
    expect(files.toSorted(), `${operation}`).toEqual(objects.map(({ key }) => key).toSorted())
    const a = await store.get('a').then((read) => read && textAt(store, 'a'))
    expect(['old', 'new', 'newer', undefined]).toContain(a)
    expect(await textAt(store, 'docker/registry/v2/b')).toBe('b')
    if (signal === 'SIGKILL') kills += 1
    return signal === 'SIGKILL'
  }
  for (let first = 1, killed = true; killed; first += 8) {
    const operations = Array.from({ length: 8 }, (_, at) => first + at)
    killed = (await inBatches(operations, attempt, 2)).every(Boolean)
  }
  await t.annotate(`${kills} kills, ${leftovers} leftovers`)
  expect(kills).toBeGreaterThan(50)
  expect(leftovers).toBeGreaterThan(10)
})
