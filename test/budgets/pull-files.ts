/**
 * The source files that a pull runs: `node test/budgets/pull-files.ts` starts the Node server with an
 * account and a policy on an empty file store, pushes an image, pulls it once to warm up, and then
 * prints one line of JSON: for each request of a pull, the files of functions/ of which it calls any
 * function. What a timer runs meanwhile is not in every pull, and is left out.
 *
 * It runs in a process of its own because Node loads the files as they are, while vitest transforms
 * them.
 *
 * @module
 */

import { Session } from 'node:inspector/promises'
import { hashPassword } from '../../functions/auth/accounts/bcrypt.ts'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { startServer } from '../../functions/node/server.ts'
import { HTPASSWD_KEY, POLICY_KEY } from '../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { CONFIG, imageOf } from '../support/hosts/content.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'

/** Files below functions/ by request, in order. */
export interface PullFiles {
  readonly token: readonly string[]
  readonly manifest: readonly string[]
  readonly blob: readonly string[]
}

const FUNCTIONS = new URL('../../functions/', import.meta.url).href

const { path, remove } = await temporaryDirectory()
const store = openFileStore(path)
const policy = {
  version: 1,
  rules: [{ who: ['user:alice'], repositories: ['team/**'], actions: ['pull', 'push'] }],
}
await store.put(HTPASSWD_KEY, Buffer.from(`alice:${await hashPassword('right horse', 4)}\n`))
await store.put(POLICY_KEY, Buffer.from(JSON.stringify(policy)))

const flags = [`--store=file:${path}`, '--listen=127.0.0.1:0', '--log-level=silent']
const { url, stop } = await startServer(readSettings(flags, {}), {})

const send = async (status: number, target: string, init: RequestInit): Promise<string> => {
  const response = await fetch(url + target, init)
  const text = await response.text()
  if (response.status === status) return text
  throw new Error(`${target}: ${response.status} ${text}`)
}

const logIn = async (actions: string): Promise<{ readonly Authorization: string }> => {
  const target = `/token?service=slipway&scope=repository:team/app:${actions}`
  const Authorization = `Basic ${Buffer.from('alice:right horse').toString('base64')}`
  const { token } = JSON.parse(await send(200, target, { headers: { Authorization } }))
  return { Authorization: `Bearer ${token}` }
}

const push = async (): Promise<void> => {
  const headers = await logIn('pull,push')
  await send(201, `/v2/team/app/blobs/uploads/?digest=${CONFIG.sha256}`, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/octet-stream' },
    body: CONFIG.bytes,
  })
  await send(201, '/v2/team/app/manifests/v1', {
    method: 'PUT',
    headers: { ...headers, 'Content-Type': OCI_MANIFEST },
    body: imageOf().bytes,
  })
}

const session = new Session()

/** The files of which functions were called since the last call of this. */
const filesRun = async (): Promise<string[]> => {
  const { result } = await session.post('Profiler.takePreciseCoverage')
  return result
    .filter(({ url, functions }) => {
      const called = functions.some(({ ranges }) => (ranges[0]?.count ?? 0) > 0)
      return called && url.startsWith(FUNCTIONS)
    })
    .map(({ url }) => url.slice(FUNCTIONS.length))
    .sort()
}

const pull = async <T>(after: () => Promise<T>) => {
  const headers = await logIn('pull')
  const token = await after()
  await send(200, '/v2/team/app/manifests/v1', { headers })
  const manifest = await after()
  await send(200, `/v2/team/app/blobs/${CONFIG.sha256}`, { headers })
  const blob = await after()
  return { token, manifest, blob }
}

const PULLS = 4

const inEach = (lists: readonly (readonly string[])[]): string[] =>
  (lists[0] ?? []).filter((file) => lists.every((list) => list.includes(file)))

try {
  await push()
  await pull(async () => {})
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  const pulls: PullFiles[] = []
  for (let count = 0; count < PULLS; count++) pulls.push(await pull(filesRun))
  const files: PullFiles = {
    token: inEach(pulls.map(({ token }) => token)),
    manifest: inEach(pulls.map(({ manifest }) => manifest)),
    blob: inEach(pulls.map(({ blob }) => blob)),
  }
  process.stdout.write(`${JSON.stringify(files)}\n`)
} finally {
  session.disconnect()
  await stop()
  await remove()
}
