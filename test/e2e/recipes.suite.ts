/**
 * The recipes of docs/access.md work as they are written. Replaced are only the names and ports that a
 * reader has of their own, and `npm start` by what it runs, so that it ends when it is told to.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { hashPassword } from '../../functions/auth/accounts/bcrypt.ts'
import { parseIssuers } from '../../functions/auth/issuers/document.ts'
import { parsePolicy } from '../../functions/auth/policy/parse.ts'
import {
  freePort,
  projectRoot,
  responds,
  run,
  scratch,
  startDaemon,
  toolCache,
} from '../support/live/process.ts'
import { type Dockerd, load, startDockerd } from './support/daemons.ts'
import { sourceImage } from './support/image.ts'
import {
  checked,
  preamble,
  type Recipe,
  recipes,
  referenceBlocks,
  startsServer,
} from './support/recipes.ts'

const REFUSED = /unauthorized|denied|basic auth credentials/

/** Whether something listens on a loopback port. */
const listens = async (port: number): Promise<boolean> => {
  const socket = connect(port, '127.0.0.1')
  // Rejects if it cannot connect.
  await once(socket, 'connect')
  socket.destroy()
  return true
}

/** Makes a key and its certificate, for a server or for tokens. */
const makeCertificate = (directory: string, name: string): Promise<string> =>
  run(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-subj', '/CN=registry.example', '-days', '2'],
      ...['-keyout', `${name}.key`, '-out', `${name}.crt`],
    ],
    { cwd: directory },
  )

/** The JWKS with the key of a certificate. */
const jwksOf = (certificate: string): string => {
  const { publicKey } = new X509Certificate(certificate)
  return JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] })
}

describe('docs/access.md', () => {
  const files = scratch('recipes')
  let dockerd: Dockerd
  beforeAll(async () => {
    dockerd = await startDockerd(files.path, 'dockerd')
    await load(dockerd.docker, await sourceImage('small'), 'alpine')
  }, 900_000)
  afterAll(async () => {
    await dockerd?.stop()
    files.remove()
  })

  /** A directory that looks like a checkout, with the files that a reader has. */
  const checkout = async (name: string): Promise<string> => {
    const directory = join(files.path, name)
    mkdirSync(directory)
    for (const entry of ['package.json', 'node_modules', 'functions', 'packaging']) {
      symlinkSync(join(projectRoot, entry), join(directory, entry))
    }
    await makeCertificate(directory, 'tls')
    return directory
  }

  /** Starts distribution's token server, and a server with its JWKS. */
  const startTokenServer = async (directory: string) => {
    await makeCertificate(directory, 'auth')
    const password = 'known to the token server'
    writeFileSync(join(directory, 'alice.password'), password)
    const passwords = join(directory, 'auth.htpasswd')
    writeFileSync(passwords, `alice:${await hashPassword(password, 5)}\n`)
    // It reads keys only in the older format that is named after the kind of key.
    const key = join(directory, 'auth.ec.key')
    await run('openssl', ['ec', '-in', join(directory, 'auth.key'), '-out', key])
    const address = `127.0.0.1:${await freePort()}`
    const daemon = await startDaemon({
      name: 'recipe-token-server',
      command: join(toolCache, 'distribution/token-server'),
      args: [
        ...['-addr', address, '-issuer', 'auth.example', '-realm', 'auth.example'],
        ...['-key', key, '-passwd', passwords],
      ],
      ready: () => responds(`http://${address}/token/`),
    })
    const jwks = jwksOf(readFileSync(join(directory, 'auth.crt'), 'utf8'))
    let fetched = 0
    const keys = createServer((_, response) => {
      fetched++
      response.setHeader('content-type', 'application/json').end(jwks)
    })
    await new Promise<void>((resolve) => keys.listen(0, '127.0.0.1', resolve))
    const { port } = keys.address() as AddressInfo
    const stop = async () => {
      keys.closeAllConnections()
      keys.close()
      await daemon.stop()
    }
    return { address, keys: `127.0.0.1:${port}`, fetched: () => fetched, stop }
  }

  /** Runs a recipe, except the blocks that contain `without`. */
  const follow = async ({ title, blocks }: Recipe, without?: string): Promise<void> => {
    const directory = await checkout(`${title}${without ?? ''}`.replaceAll(/\W/g, ''))
    const closers: (() => Promise<void>)[] = []
    const usesIssuer = blocks.some(({ text }) => text.includes('auth.example'))
    const tokenServer = usesIssuer ? await startTokenServer(directory) : undefined
    if (tokenServer) closers.push(tokenServer.stop)
    const [front, inner] = [await freePort(), await freePort()]
    const own = (text: string): string =>
      text
        .replaceAll('server_name registry.example', 'server_name _')
        .replaceAll('registry.example', `127.0.0.1:${front}`)
        .replaceAll('0.0.0.0:443', `127.0.0.1:${front}`)
        .replaceAll('listen 443', `listen 127.0.0.1:${front}`)
        .replaceAll('127.0.0.1:5000', `127.0.0.1:${inner}`)
        .replaceAll('https://auth.example/jwks.json', `http://${tokenServer?.keys}/jwks.json`)
        .replaceAll('https://auth.example', `http://${tokenServer?.address}`)
        .replaceAll('/etc/nginx/', `${directory}/`)
        .replaceAll(/^npm start --/gm, 'exec node functions/handlers/cli.ts serve')
    const env = {
      DOCKER_HOST: `unix://${dockerd.socket}`,
      DOCKER_CONFIG: join(directory, 'docker'),
      DOCKER_API_VERSION: '1.41',
      PATH: `${join(projectRoot, 'node_modules/.bin')}:/usr/bin:/usr/sbin:/bin`,
    }
    const bash = (text: string): string[] => [
      '-euo',
      'pipefail',
      '-c',
      `${own(preamble)}${own(text)}`,
    ]
    try {
      for (const block of blocks) {
        if (without !== undefined && block.text.includes(without)) continue
        if (startsServer(block)) {
          const port = block.text.includes('127.0.0.1:5000') ? inner : front
          const { stop } = await startDaemon({
            name: 'recipe',
            command: 'bash',
            args: bash(block.text),
            env,
            cwd: directory,
            ready: () => listens(port),
          })
          closers.push(stop)
        } else if (block.language === 'nginx') {
          const config = join(directory, 'nginx.conf')
          const around = `pid ${directory}/nginx.pid; error_log stderr; events {}\nhttp { access_log off;\n`
          writeFileSync(config, `${around}${own(block.text)}}\n`)
          const { stop } = await startDaemon({
            name: 'recipe-nginx',
            command: '/usr/sbin/nginx',
            args: ['-c', config, '-p', directory, '-g', 'daemon off;'],
            ready: () => listens(front),
          })
          closers.push(stop)
        } else {
          assert.equal(block.language, 'sh')
          const printed = await run('bash', bash(checked(block.text)), { env, cwd: directory })
          const refusals = block.text.match(/# refused$/gm)?.length ?? 0
          const said = printed.split('\n').filter((line) => REFUSED.test(line)).length
          assert.ok(said >= refusals, `expected ${refusals} denials, but it printed ${printed}`)
        }
      }
      if (tokenServer) assert.equal(tokenServer.fetched() > 0, without === 'certificates')
    } finally {
      for (const close of closers.reverse()) await close()
    }
  }

  const [open, teams, robot, tokenServer, proxy, ...more] = recipes
  assert.ok(open && teams && robot && tokenServer && proxy && more.length === 0)
  // In parallel: one of them waits for a minute.
  for (const recipe of [open, teams, robot, proxy]) {
    test.concurrent(recipe.title, () => follow(recipe))
  }
  for (const without of ['jwksUrl', 'certificates']) {
    test.concurrent(`${tokenServer.title}, without ${without}`, () => follow(tokenServer, without))
  }

  test('its example documents are valid', async () => {
    const documents = referenceBlocks.filter(({ language }) => language === 'yaml')
    const policies = documents.filter(({ text }) => /^rules:/m.test(text))
    assert.deepEqual(
      policies.map(({ text }) => parsePolicy(text).rules.length),
      [6],
    )
    const issuers = documents.filter(({ text }) => text.includes('issuers:'))
    const entries = await Promise.all(issuers.map(({ text }) => parseIssuers(text)))
    assert.deepEqual(
      entries.map(({ length }) => length),
      [3],
    )
  })
})
