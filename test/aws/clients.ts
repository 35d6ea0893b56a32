/**
 * Every client with the deployed stack: it logs in, pushes, pulls, and is denied what it may not do.
 * Blobs fit a request through Lambda, except one that is pushed in chunks.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import type { Client } from '../e2e/support/client.ts'
import { clients, PROGRAMS } from '../e2e/support/clients.ts'
import { IMAGE_PROGRAMS, sourceImage } from '../e2e/support/image.ts'
import { describeWith, testWith } from '../support/live/installed.ts'
import { run, scratch } from '../support/live/process.ts'
import type { Deployed } from './support/deployment.ts'

const REFUSED =
  /unauthorized|denied|403:? \(?forbidden|authentication required|authorization failed|invalid username|basic (auth )?credential|please login/i

/** Declares the tests. */
export const clientTests = (deployed: Deployed): void => {
  const files = scratch('aws-clients')
  afterAll(files.remove)

  for (const [name, open] of Object.entries(clients)) {
    describeWith([...(PROGRAMS[name] ?? []), ...IMAGE_PROGRAMS], name, () => {
      const directory = scratch(`aws-${name}`)
      let client: Client
      beforeAll(async () => {
        const image = await sourceImage('small')
        client = await open({ address: deployed().address, directory: directory.path, image })
      }, 900_000)
      afterAll(async () => {
        await client?.close?.()
        directory.remove()
      })

      const at = (repository: string) => `${deployed().address}/${repository}:v1`

      test('logs in, pushes and pulls', async () => {
        const session = client.as(deployed().admin)
        await session.logIn?.()
        const pushed = await session.push(at(`clients/${name}`))
        assert.equal(await session.pull(at(`clients/${name}`)), pushed)
      })

      test('is denied with a wrong password', async () => {
        const session = client.as({ ...deployed().admin, password: 'not the password' })
        const logInAndPush = async () => {
          await session.logIn?.()
          await session.push(at(`wrong/${name}`))
        }
        await assert.rejects(logInAndPush, REFUSED)
      })

      test('is denied anonymously', async () => {
        await assert.rejects(client.as().pull(at(`clients/${name}`)), REFUSED)
      })
    })
  }

  const dockerWithImage = [...(PROGRAMS.docker ?? []), ...IMAGE_PROGRAMS]
  testWith(
    dockerWithImage,
    'docker is refused a layer too large for a request, as on AWS',
    async () => {
      const { address, admin } = deployed()
      const image = await sourceImage('medium')
      const directory = scratch('aws-docker-large')
      const client = await clients.docker!({ address, directory: directory.path, image })
      try {
        const session = client.as(admin)
        await session.logIn?.()
        const pushed = session.push(`${address}/clients/too-large:v1`)
        await assert.rejects(pushed, /413.*Request Entity Too Large/s)
      } finally {
        await client.close?.()
        directory.remove()
      }
    },
  )

  testWith(['regctl'], 'regctl pushes what is too large for one request in chunks', async () => {
    const { address, admin } = deployed()
    const content = randomBytes(24 * 1024 * 1024)
    writeFileSync(join(files.path, 'large'), content)
    const regctl = (...args: string[]) =>
      run('regctl', args, {
        cwd: files.path,
        env: { REGCTL_CONFIG: join(files.path, 'regctl.json'), HOME: files.path },
      })
    const chunks = ['--blob-chunk', String(4 * 1024 * 1024), '--blob-max', '1']
    await regctl('registry', 'set', '--tls', 'disabled', '--skip-check', ...chunks, address)
    await regctl('registry', 'login', '-u', admin.name, '-p', admin.password, address)
    const target = `${address}/clients/large:v1`
    const type = ['--artifact-type', 'application/vnd.example.data']
    await regctl('artifact', 'put', ...type, '--file', 'large', '--file-title', target)
    mkdirSync(join(files.path, 'pulled'))
    await regctl('artifact', 'get', target, '--output', 'pulled')
    assert.ok(readFileSync(join(files.path, 'pulled/large')).equals(content))
  })
}
