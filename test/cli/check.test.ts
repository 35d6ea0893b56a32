/**
 * `slipway check`: what it prints and says, and its exit codes.
 *
 * @module
 */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { check } from '../../functions/cli/commands/check.ts'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { indexChildren } from '../../functions/compose/index-children.ts'
import { catalogKey, layerLinkKey, UPSTREAMS_KEY } from '../../functions/registry/layout.ts'
import { OCI_INDEX } from '../../functions/registry/media-types.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { imageOf, indexOf } from '../support/hosts/content.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { clientOf, expectStatus } from '../support/rig/client.ts'
import { pushImage } from '../support/rig/push.ts'
import { openFiles } from '../support/rig/stores.ts'
import { recordingIo } from './recording-io.ts'

interface Asked {
  readonly code: number
  readonly printed: readonly string[]
  readonly said: readonly string[]
}

type Flags = Parameters<typeof check>[1]['flags']

/** Runs the command; `stop` is called when it begins to listen for signals. */
const ask = async (
  store: ObjectStore,
  flags: Partial<Flags> = {},
  stop: (signal: () => void) => void = () => {},
  now: () => number = Date.now,
  settings: Parameters<typeof check>[1]['settings'] = undefined,
): Promise<Asked> => {
  const { io, printed, said } = recordingIo({ store, now, onStop: stop })
  const given = { repair: false, verify: false, json: false, from: undefined, ...flags }
  const code = await check(io, {
    flags: given,
    ...(settings && { settings }),
  })
  return { code, printed, said }
}

const key = layerLinkKey('app', `sha256:${'a'.repeat(64)}`)

test('what comes from an upstream need not be here, but must be right', async (t) => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  const upstreams = [{ name: 'hub', host: 'docker.io', prefix: 'hub' }]
  await store.put(UPSTREAMS_KEY, Buffer.from(JSON.stringify({ version: 1, upstreams })))
  const { manifests } = createRegistry({ store, uploadSecret: async () => Buffer.alloc(32) })
  const image = imageOf()
  for (const name of ['hub/team/app', 'own/app']) {
    await manifests.push(name, { tag: 'v1' }, image.bytes, undefined, { fetched: true })
  }
  const { code, printed } = await ask(store)
  expect([code, printed]).toEqual([
    1,
    [expect.stringMatching(/^incomplete-manifest\t.*\/own\/app\//)],
  ])
})

test('0 when nothing is wrong, 1 when something is, 0 when all was mended', async (t) => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  await pushImage(await clientOf(store), 'app', 'v1', [])
  const fine = await ask(store)
  expect(fine).toMatchObject({ code: 0, printed: [] })
  expect(fine.said.at(-1)).toMatch(/^\d+ objects looked at, 0 findings, 0 mended\.$/)

  await store.put(key, Buffer.from('garbage'))
  const text = `damaged-link\t${key}\n\tthe link has 7 bytes that are not a digest`
  expect(await ask(store)).toMatchObject({ code: 1, printed: [text] })

  const json = await ask(store, { json: true })
  expect(json.code).toBe(1)
  expect(json.printed.map((line) => JSON.parse(line))).toEqual([
    {
      kind: 'damaged-link',
      key,
      repository: 'app',
      text: 'the link has 7 bytes that are not a digest',
    },
    { kind: 'sum', objects: expect.any(Number), found: 1, mended: 0 },
  ])

  const repaired = await ask(store, { repair: true })
  expect(repaired.code).toBe(0)
  expect(repaired.printed).toEqual([`${text}; removed it: a push writes it again`])
  expect(await ask(store)).toMatchObject({ code: 0, printed: [] })
})

test('2 when there is nothing, or the store does not respond', async (t) => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  const empty = await ask(store)
  expect(empty.code).toBe(2)
  expect(empty.said.join()).toMatch(/nothing in this store: see --store/)

  await pushImage(await clientOf(store), 'app', 'v1', [])
  const failing: ObjectStore = {
    ...store,
    head: () => Promise.reject(new StoreError('unavailable', 'no answer')),
  }
  const failed = await ask(failing)
  expect(failed.code).toBe(2)
  expect(failed.said.join()).toMatch(/could not be checked: no answer/)
})

test('130 when it is stopped; then it says where to go on', async (t) => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  await pushImage(await clientOf(store), 'app', 'v1', [])
  await store.delete([catalogKey('app')])
  const stopped = await ask(store, {}, (signal) => signal())
  expect(stopped.code).toBe(130)
  const [, from] = stopped.said.join().match(/Go on with --from (\S+)$/) ?? []
  expect(from).toMatch(/^docker\/registry\/v2\/repositories\/app\//)
  expect(await ask(store, { from })).toMatchObject({ code: 0 })
})

test('temporary files that are old are left over, and can be removed', async (t) => {
  const { path, remove } = await temporaryDirectory()
  t.onTestFinished(remove)
  const store = openFileStore(path)
  await pushImage(await clientOf(store), 'app', 'v1', [])
  for (const file of ['.slipway/tmp/left', '.slipway/tmp/behind']) {
    await writeFile(join(path, file), 'half of a write')
  }
  expect(await ask(store)).toMatchObject({ code: 0 })
  const later = () => Date.now() + 2 * 86_400_000
  const never = () => {}
  const { code, printed } = await ask(store, { json: true }, never, later)
  expect(code).toBe(1)
  const found = printed.map((line) => JSON.parse(line)).slice(0, -1)
  expect(found.map(({ kind }) => kind)).toEqual(['leftover', 'leftover'])
  expect(found.map((each) => each.key).sort()).toEqual(['.slipway/tmp/behind', '.slipway/tmp/left'])
  expect(await ask(store, { repair: true }, never, later)).toMatchObject({ code: 0 })
  expect(await ask(store, {}, never, later)).toMatchObject({ code: 0, printed: [] })
})

test('images that an index may lack are no finding', async (t) => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  const requiredChildren = indexChildren.parse('mirror/*=none')
  const send = await clientOf(store, { requiredChildren })
  const { bytes } = indexOf([imageOf()])
  const put = 'PUT /v2/mirror/app/manifests/v1'
  await expectStatus(201, send(put, bytes, { 'Content-Type': OCI_INDEX }))
  const settings = { 'index-children': requiredChildren }
  expect(await ask(store, {}, undefined, undefined, settings)).toMatchObject({ code: 0 })
  const strict = await ask(store)
  expect(strict.code).toBe(1)
  expect(strict.printed.join()).toContain(imageOf().sha256)
})
