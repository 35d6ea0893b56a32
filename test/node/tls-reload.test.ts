/**
 * The server's certificate is replaced while the server runs, and connections stay.
 *
 * @module
 */

import { once } from 'node:events'
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { readSettings } from '../../functions/compose/settings.ts'
import { startServer } from '../../functions/node/server.ts'
import { openTls } from '../../functions/node/tls/tls.ts'
import { serving, startProgram } from '../cli/program.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { createAuthority, type Issued, selfSigned } from '../support/live/certificates.ts'
import { eventually } from '../support/until.ts'

let first: Issued
let second: Issued
let old: Issued
beforeAll(async () => {
  const { path, remove } = await temporaryDirectory()
  first = await selfSigned(path, 'first')
  second = await selfSigned(path, 'second')
  old = await (await createAuthority(path, 'own')).issue('/CN=old', 0)
  return remove
})

const directory = async (): Promise<string> => {
  const { path, remove } = await temporaryDirectory()
  onTestFinished(remove)
  return path
}

const open = async (port: number, options: ConnectionOptions = {}): Promise<TLSSocket> => {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

/** CN of the certificate that a new connection is shown. */
const shown = async (port: number): Promise<string> => {
  const socket = await open(port)
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return String(subject.CN)
}

/** Sends a ping over a connection. @returns the first line of the response */
const ping = async (socket: TLSSocket): Promise<string> => {
  socket.write('GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n')
  const [answer] = (await once(socket, 'data')) as [Buffer]
  return answer.toString().split('\r\n', 1)[0] ?? ''
}

/** A directory with a pair, and the settings that name it. */
const withPair = async (pair: Issued) => {
  const path = await directory()
  const [cert, key] = [join(path, 'tls.crt'), join(path, 'tls.key')]
  const write = async (next: Issued) => {
    await writeFile(cert, next.cert)
    await writeFile(key, next.key)
  }
  await write(pair)
  const args = [
    ...['--listen=127.0.0.1:0', '--log-level=silent', `--store=file:${join(path, 'data')}`],
    ...[`--tls-cert=${cert}`, `--tls-key=${key}`],
  ]
  return { path, cert, key, args, write }
}

const start = async (args: readonly string[]) => {
  const server = await startServer(readSettings(args, {}), {})
  onTestFinished(server.stop)
  return { server, port: Number(new URL(server.url).port) }
}

describe('a running server', () => {
  test('shows a new certificate to new connections, and keeps those that there are', async () => {
    const { args, write } = await withPair(first)
    const { server, port } = await start(args)
    const kept = await open(port)
    expect(await ping(kept)).toBe('HTTP/1.1 200 OK')
    await write(second)
    await server.reload()
    expect(await shown(port)).toBe('second')
    expect(await ping(kept)).toBe('HTTP/1.1 200 OK')
    expect(kept.getPeerCertificate().subject.CN).toBe('first')
  })

  const BAD: readonly (readonly [what: string, cert: () => string, key: () => string])[] = [
    ['a key of another certificate', () => second.cert, () => first.key],
    ['no certificate', () => 'nothing', () => second.key],
    ['no key', () => second.cert, () => ''],
    ['a certificate that has ended', () => old.cert, () => old.key],
    ['the two swapped', () => second.key, () => second.cert],
  ]
  test.each(BAD)('keeps the pair that it has: %s', async (_, cert, key) => {
    const { args, write } = await withPair(first)
    const { server, port } = await start(args)
    await write({ cert: cert(), key: key() })
    await server.reload()
    expect(await shown(port)).toBe('first')
    await write(second)
    await server.reload()
    expect(await shown(port)).toBe('second')
  })
})

describe('the files', () => {
  const logger = () => ({ info: vi.fn(), warn: vi.fn(), error: vi.fn() })

  const serve = async (args: readonly string[], log: ReturnType<typeof logger>) => {
    const tls = await openTls(readSettings(args, {}), log, 20)
    if (tls === undefined) throw new Error('there is no TLS')
    const server = createServer(tls.options).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const end = tls.follow(server)
    onTestFinished(() => {
      end()
      server.close()
    })
    return { tls, port: (server.address() as AddressInfo).port }
  }

  test('are looked at all the time, also where a symbolic link is swapped', async () => {
    const path = await directory()
    for (const [name, pair] of Object.entries({ first, second })) {
      await mkdir(join(path, name))
      await writeFile(join(path, name, 'tls.crt'), pair.cert)
      await writeFile(join(path, name, 'tls.key'), pair.key)
    }
    // As Kubernetes mounts a secret.
    await symlink('first', join(path, '..data'))
    for (const file of ['tls.crt', 'tls.key']) {
      await symlink(join('..data', file), join(path, file))
    }
    const args = [`--tls-cert=${join(path, 'tls.crt')}`, `--tls-key=${join(path, 'tls.key')}`]
    const { port } = await serve(args, logger())
    expect(await shown(port)).toBe('first')
    await symlink('second', join(path, '..new'))
    await rename(join(path, '..new'), join(path, '..data'))
    await eventually(async () => expect(await shown(port)).toBe('second'))
  })

  test('that are wrong are named in the log once, as an error', async () => {
    const { args, cert, key, write } = await withPair(first)
    const log = logger()
    const { tls } = await serve(args, log)
    await write({ cert: second.cert, key: first.key })
    for (let n = 0; n < 3; n++) await tls.reload()
    const errors = log.error.mock.calls.filter(([{ files }]) => files.includes(cert))
    expect(errors.at(-1)).toEqual([
      { files: [cert, key], err: expect.anything() },
      'the certificate with its key cannot be used: the one before stays in force',
    ])
    const said = errors.length
    for (let n = 0; n < 3; n++) await tls.reload()
    expect(log.error).toHaveBeenCalledTimes(said)
    await write(second)
    await eventually(() =>
      expect(log.info).toHaveBeenCalledWith(
        { files: [cert, key] },
        'the certificate with its key changed, and is in force',
      ),
    )
  })
})

describe('SIGHUP', () => {
  test('has the files looked at', async () => {
    const { args, write } = await withPair(first)
    const { program, url, exit } = await serving(startProgram(['serve', ...args]))
    onTestFinished(() => void program.kill('SIGKILL'))
    const port = Number(new URL(url).port)
    expect(await shown(port)).toBe('first')
    await write(second)
    program.kill('SIGHUP')
    // Sooner than they would be looked at anyway.
    await eventually(async () => expect(await shown(port)).toBe('second'), 8000)
    program.kill('SIGTERM')
    expect(await exit).toBe(0)
  })

  test('does not end a server without a certificate', async () => {
    const store = `--store=file:${join(await directory(), 'data')}`
    const args = ['serve', '--listen=127.0.0.1:0', '--log-level=silent', store]
    const { program, url, exit } = await serving(startProgram(args))
    onTestFinished(() => void program.kill('SIGKILL'))
    program.kill('SIGHUP')
    for (let n = 0; n < 5; n++) expect((await fetch(`${url}/v2/`)).status).toBe(200)
    program.kill('SIGTERM')
    expect(await exit).toBe(0)
  })
})
