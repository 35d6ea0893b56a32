/**
 * A full disk: the response is 507, nothing is readable, and once there is space the push succeeds.
 *
 * The disk is real: a small tmpfs, which only root can mount. Others, outside CI, get a store that
 * refuses to write beyond the same number of bytes.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type TestContext, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { blob, CONFIG, imageOf } from '../support/hosts/content.ts'
import type { Answer } from '../support/hosts/host.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { clientOf, codeOf, locationOf, type Send } from '../support/rig/client.ts'
import { intercept } from '../support/rig/intercept.ts'
import { allObjects, checkStore } from '../support/rig/invariants.ts'
import { begin, pushAsContainerd, pushAsDocker, pushAtOnce } from '../support/rig/push.ts'

const run = promisify(execFile)

const MEBIBYTE = 1024 * 1024

/** A store with little space. */
interface Disk {
  readonly store: ObjectStore
  /** Leaves this many bytes free. */
  fill(free: number): Promise<void>
  /** Makes space. */
  empty(): Promise<void>
}

const mountedDisk = async (t: TestContext): Promise<Disk> => {
  const { path, remove } = await temporaryDirectory()
  await run('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', path])
  t.onTestFinished(async () => {
    await run('umount', [path])
    await remove()
  })
  const ballast = join(path, 'ballast')
  return {
    store: openFileStore(join(path, 'registry')),
    async fill(free) {
      const { bavail, bsize } = await statfs(path)
      const file = await open(ballast, 'w')
      await file.writeFile(Buffer.alloc(Math.max(0, bavail * bsize - free)))
      await file.close()
    },
    empty: () => rm(ballast),
  }
}

const boundedStore = async (t: TestContext): Promise<Disk> => {
  const { path, remove } = await temporaryDirectory()
  t.onTestFinished(remove)
  let free = Number.POSITIVE_INFINITY
  const store = intercept(openFileStore(path), ({ operation, args }, proceed) => {
    const body = args.find((arg) => arg instanceof Uint8Array)
    if (body !== undefined && body.byteLength > free) {
      throw new StoreError('full', `${operation}: no room`)
    }
    free -= body?.byteLength ?? 0
    return proceed()
  })
  return {
    store,
    fill: async (bytes) => {
      free = bytes
    },
    empty: async () => {
      free = Number.POSITIVE_INFINITY
    },
  }
}

const openDisk = (t: TestContext): Promise<Disk> =>
  process.getuid?.() === 0 || process.env.CI === 'true' ? mountedDisk(t) : boundedStore(t)

const expectFull = (answer: Answer): void => {
  assert.equal(answer.status, 507, answer.body.toString())
  assert.equal(codeOf(answer), 'UNAVAILABLE')
  assert.match(answer.body.toString(), /no room left/)
}

const LARGE = blob('large', 16 * MEBIBYTE)
const SMALL = blob('small', 64 * 1024)

/** Pushes up to the first response that is not a success. */
const PUSHES: Readonly<Record<string, (send: Send) => Promise<Answer>>> = {
  'POST with 16 MiB': (send) =>
    send(`POST /v2/app/blobs/uploads/?digest=${LARGE.sha256}`, LARGE.bytes),
  'PUT of 16 MiB': async (send) =>
    send(`PUT ${locationOf(await begin(send, 'app'), `digest=${LARGE.sha256}`)}`, LARGE.bytes),
  'PATCH of 16 MiB': async (send) =>
    send(`PATCH ${locationOf(await begin(send, 'app'))}`, LARGE.bytes),
  'POST with 64 KiB': (send) =>
    send(`POST /v2/app/blobs/uploads/?digest=${SMALL.sha256}`, SMALL.bytes),
  'PATCH of 64 KiB': async (send) =>
    send(`PATCH ${locationOf(await begin(send, 'app'))}`, SMALL.bytes),
  'a manifest': (send) => send('PUT /v2/app/manifests/v1', imageOf().bytes),
  mount: (send) => send(`POST /v2/other/blobs/uploads/?mount=${CONFIG.sha256}&from=app`),
}

for (const [description, push] of Object.entries(PUSHES)) {
  // 15 MiB have space for the first part of a large blob, but not for the second.
  const fills = description.includes('16 MiB') ? [15 * MEBIBYTE, 0] : [0]
  for (const free of fills) {
    test(`${description} with ${free} bytes free`, async (t) => {
      const disk = await openDisk(t)
      const send = await clientOf(disk.store)
      await pushAtOnce(send, 'app', CONFIG)
      const before = await checkStore(disk.store)
      const objects = await allObjects(disk.store)
      await disk.fill(free)
      expectFull(await push(send))
      assert.deepEqual(await checkStore(disk.store), before)
      assert.deepEqual(await allObjects(disk.store), objects)
      assert.deepEqual(await disk.store.listMultiparts(''), [])

      await disk.empty()
      const { status } = await push(send)
      assert.ok(status === 201 || status === 202, `answered ${status}`)
      await checkStore(disk.store)
    })
  }
}

test('a push that ran out of space continues from its last state', async (t) => {
  const disk = await openDisk(t)
  const send = await clientOf(disk.store)
  const [one, two] = [LARGE.bytes.subarray(0, 5 * MEBIBYTE), LARGE.bytes.subarray(5 * MEBIBYTE)]
  const location = locationOf(await begin(send, 'app'))
  const first = await send(`PATCH ${location}`, one, { 'Content-Range': `0-${one.length - 1}` })
  await disk.fill(MEBIBYTE)
  const range = { 'Content-Range': `${one.length}-${LARGE.bytes.length - 1}` }
  expectFull(await send(`PATCH ${locationOf(first)}`, two, range))
  await disk.empty()
  const second = await send(`PATCH ${locationOf(first)}`, two, range)
  assert.equal(second.status, 202)
  const done = await send(`PUT ${locationOf(second, `digest=${LARGE.sha256}`)}`)
  assert.equal(done.status, 201, done.body.toString())
  await checkStore(disk.store)
})

test('existing content can be read and deleted while the disk is full', async (t) => {
  const disk = await openDisk(t)
  const send = await clientOf(disk.store)
  await pushAsDocker(send, 'app', LARGE)
  await pushAsContainerd(send, 'app', CONFIG)
  await disk.fill(0)
  const read = await send(`GET /v2/app/blobs/${LARGE.sha256}`)
  assert.ok(read.body.equals(LARGE.bytes))
  assert.equal((await send(`DELETE /v2/app/blobs/${LARGE.sha256}`)).status, 202)
  assert.equal((await send(`HEAD /v2/app/blobs/${LARGE.sha256}`)).status, 404)
  await checkStore(disk.store)
})
