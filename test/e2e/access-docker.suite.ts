/**
 * Docker stores no password if the registry gives it an identity token, and works with that alone.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { scratch } from '../support/live/process.ts'
import { type Docker, dockerClient, load, startDockerd } from './support/daemons.ts'
import { type Guarded, startGuarded } from './support/guarded.ts'
import { sourceImage } from './support/image.ts'

interface Login {
  readonly auth: string
  readonly identitytoken?: string
}

describe('docker, identity token', () => {
  const files = scratch('identity')
  const config = join(files.path, 'config')
  const file = join(config, 'config.json')
  const closers: (() => Promise<void>)[] = []
  let guarded: Guarded
  let docker: Docker
  let target: string
  beforeAll(async () => {
    const image = await sourceImage('small')
    guarded = await startGuarded('token')
    closers.push(guarded.close)
    const daemon = await startDockerd(files.path, 'dockerd')
    closers.push(daemon.stop)
    docker = dockerClient('/usr/bin/docker', daemon.socket, config)
    target = `${guarded.front.address}/alice/app:v1`
    await load(daemon.docker, image, target)
  }, 900_000)
  afterAll(async () => {
    for (const close of closers.reverse()) await close()
    files.remove()
  })

  const kept = (): Login => {
    const { auths } = JSON.parse(readFileSync(file, 'utf8')) as { auths: Record<string, Login> }
    const login = auths[guarded.front.address]
    assert.ok(login, `log-ins: ${Object.keys(auths)}`)
    return login
  }

  test('stores a token and no password on log-in', async () => {
    const { name, password } = guarded.alice
    const printed = await docker(
      'login',
      ...['--username', name, '--password', password, guarded.front.address],
    )
    assert.match(printed, /Login Succeeded/)
    const { auth, identitytoken } = kept()
    assert.equal(Buffer.from(auth, 'base64').toString(), `${name}:`)
    assert.match(identitytoken ?? '', /^[\w-]+\.[\w-]+\.[\w-]+$/)
  })

  test('pushes and pulls with the token alone', async () => {
    const seen = guarded.front.exchanges.length
    await docker('push', target)
    await docker('image', 'rm', target)
    await docker('pull', target)
    const asked = guarded.front.exchanges
      .slice(seen)
      .filter(({ url }) => url.startsWith('/token'))
      .map(({ method, status }) => `${method} ${status}`)
    // Refresh tokens are sent by POST; a GET would carry a password.
    assert.deepEqual([...new Set(asked)], ['POST 200'])
  })

  test('is denied with a modified token', async () => {
    const { auths } = JSON.parse(readFileSync(file, 'utf8')) as { auths: Record<string, Login> }
    const token = kept().identitytoken ?? ''
    const other = join(files.path, 'other')
    mkdirSync(other)
    // Not the last character: several of those can decode to the same bytes.
    const at = token.length - 20
    const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
    const login = { ...auths[guarded.front.address], identitytoken: changed }
    const forged = { auths: { [guarded.front.address]: login } }
    writeFileSync(join(other, 'config.json'), JSON.stringify(forged))
    await assert.rejects(docker('--config', other, 'push', target), /unauthorized|denied/i)
  })
})
