/**
 * A policy from a file, in place of the one in the store.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { createHandler } from '../../functions/handlers/api.ts'
import { startServer } from '../../functions/node/server.ts'
import { POLICY_KEY } from '../../functions/registry/layout.ts'
import { get } from '../handlers/events.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'

const pull = (repositories: string): string =>
  JSON.stringify({
    version: 1,
    rules: [{ who: ['anonymous'], repositories: [repositories], actions: ['pull'] }],
  })

let directory: Awaited<ReturnType<typeof temporaryDirectory>>
beforeAll(async () => {
  directory = await temporaryDirectory()
})
afterAll(() => directory.remove())

const policyFile = async (text: string): Promise<string> => {
  const path = join(directory.path, 'policy.yaml')
  await writeFile(path, text)
  return path
}

const start = async (text: string) => {
  const flags = [
    '--listen=127.0.0.1:0',
    '--log-level=silent',
    `--store=file:${directory.path}/data`,
  ]
  return startServer(readSettings([...flags, `--policy=${await policyFile(text)}`], {}), {})
}

test('the file decides, and not the store', async () => {
  const store = openFileStore(`${directory.path}/data`)
  await store.put(POLICY_KEY, new TextEncoder().encode(pull('secret/*')))
  const server = await start(pull('open/*'))
  try {
    const status = async (name: string) =>
      (await fetch(`${server.url}/v2/${name}/tags/list`)).status
    assert.equal(await status('open/app'), 404)
    assert.equal(await status('secret/app'), 401)
  } finally {
    await server.stop()
  }
})

test('a file that is wrong is told with its name, line and value', async () => {
  await assert.rejects(start('version: 1\nrules:\n  - who: nobody\n'), (error: Error) => {
    assert.equal(error.name, 'SettingsError')
    assert.match(error.message, /^the policy file .*policy\.yaml cannot be used: policy, line 3, /)
    return true
  })
})

test('a file that is not there is told with its name, by a function too', async () => {
  const env = { SLIPWAY_STORE: 's3://bucket', SLIPWAY_POLICY: `${directory.path}/none.yaml` }
  await assert.rejects(
    async () =>
      createHandler(env)(get('/v2/'), {} as Parameters<ReturnType<typeof createHandler>>[1]),
    { name: 'SettingsError', message: /none\.yaml cannot be used: ENOENT/ },
  )
})
