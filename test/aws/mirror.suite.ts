/**
 * A deployed stack with `mirror`: its function copies from another registry into S3, follows what moves, deletes what is
 * gone, and keeps how that went, where the command finds it.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { dataKey } from '../../functions/registry/layout.ts'
import { contentOf } from '../support/hosts/content.ts'
import { scratch } from '../support/live/process.ts'
import { pushImage } from '../support/rig/push.ts'
import { type OpenedServer, serveFiles } from '../support/rig/server.ts'
import { MINISTACK, useDeployment } from './support/deployment.ts'
import { startMiniStack } from './support/emulator.ts'
import { idOf, invoke } from './support/invoke.ts'
import { type Session, startSession } from './support/session.ts'

const files = scratch('aws-mirror')
const document = join(files.path, 'mirror.yaml')
let source: OpenedServer
afterAll(async () => {
  await source?.close()
  files.remove()
})

const start = async () => {
  source = await serveFiles()
  const rule = { name: 'app', from: new URL(source.url).host, to: 'store' }
  const what = { repositories: ['team/app'], rename: { team: 'kept' }, deletes: true }
  writeFileSync(document, JSON.stringify({ version: 1, rules: [{ ...rule, ...what }] }))
  return startMiniStack()
}

const deployed = useDeployment(start, {
  ...MINISTACK,
  context: { ...MINISTACK.context, mirror: document },
})

describe('the mirror of a deployed stack', () => {
  let session: Session
  let name: string

  const push = async (tag: string): Promise<string> => {
    const layer = contentOf(randomBytes(7_000_000))
    return (await pushImage(source.send, 'team/app', tag, [layer])).sha256
  }
  const digestOf = async (tag: string): Promise<string | null> =>
    (await session.send('HEAD', `manifests/${tag}`)).headers.get('docker-content-digest')
  const run = () => invoke(deployed().emulator, name, { now: true })
  const status = async (): Promise<Record<string, unknown>> =>
    JSON.parse(await deployed().slipway(`mirror ${document} --status --state store --json`))

  beforeAll(async () => {
    const { emulator, stackName } = deployed()
    name = await idOf(emulator, stackName, 'AWS::Lambda::Function', 'RegistryMirror')
    session = await startSession(deployed(), 'kept/app')
  })

  test('copies, follows and deletes, with the rights of its role', async () => {
    const [one, two] = [await push('v1'), await push('v2')]
    assert.equal(await run(), undefined)
    assert.deepEqual([await digestOf('v1'), await digestOf('v2')], [one, two])
    const moved = await push('v1')
    assert.equal(await run(), undefined)
    assert.equal(await digestOf('v1'), moved)
    await source.send('DELETE /v2/team/app/manifests/v2')
    assert.equal(await run(), undefined)
    assert.equal((await session.send('HEAD', 'manifests/v2')).status, 404)
    const { copied, there, deleted, failed } = await status()
    assert.deepEqual([copied, there, deleted, failed], [0, 1, 1, 0])
  })

  test('runs nothing before it is time', async () => {
    const before = await status()
    assert.equal(await invoke(deployed().emulator, name, {}), undefined)
    assert.equal((await status()).began, before.began)
  })

  test('says what could not be copied', async () => {
    const layer = contentOf(randomBytes(100))
    await pushImage(source.send, 'team/app', 'broken', [layer])
    await source.store.delete([dataKey(layer.sha256)])
    assert.match((await run()) ?? '', /^app: .* has no blob sha256:/)
  })
})
