/**
 * Clients that show a certificate, and no password: podman and skopeo keep it as docker does.
 *
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAuthority, type Issued, selfSigned } from '../support/live/certificates.ts'
import { npmStart } from '../support/live/npm-start.ts'
import { freePort, run, scratch, startDaemon } from '../support/live/process.ts'
import { slipway } from '../support/live/registry.ts'
import { sourceImage } from './support/image.ts'

const POLICY = `
version: 1
rules:
  - { who: ['certificate:CN=ci'], repositories: ['builds/**'], actions: [pull, push] }
`

describe('a registry that lets clients in by certificate', () => {
  const files = scratch('certificates')
  const closers: (() => Promise<void>)[] = []
  let address: string
  /** A directory as clients want it: who the server is, and what to show it. */
  const folder = (name: string, ca: string, shown?: Issued): string => {
    const path = join(files.path, name)
    mkdirSync(path)
    writeFileSync(join(path, 'ca.crt'), ca)
    if (shown !== undefined) {
      writeFileSync(join(path, 'client.cert'), shown.cert)
      writeFileSync(join(path, 'client.key'), shown.key)
    }
    return path
  }
  let known: string
  let other: string
  let none: string
  beforeAll(async () => {
    const server = await selfSigned(files.path, 'server')
    const own = await createAuthority(files.path, 'own')
    known = folder('known', server.cert, await own.issue('/CN=ci'))
    other = folder('other', server.cert, await own.issue('/CN=else'))
    none = folder('none', server.cert)
    const file = (name: string, text: string): string => {
      writeFileSync(join(files.path, name), text)
      return join(files.path, name)
    }
    const directory = join(files.path, 'data')
    await slipway('policy', { directory }, ['set', '-'], { input: POLICY })
    address = `127.0.0.1:${await freePort()}`
    const daemon = await startDaemon({
      name: 'slipway',
      command: process.execPath,
      args: [
        ...[...(await npmStart()), '--listen', address, '--store', `file:${directory}`],
        ...['--tls-cert', file('tls.crt', server.cert), '--tls-key', file('tls.key', server.key)],
        ...['--tls-client-ca', file('ca.pem', own.cert)],
      ],
      ready: () =>
        run('curl', ['--silent', '--insecure', `https://${address}/v2/`]).then(() => true),
    })
    closers.push(daemon.stop)
  }, 900_000)
  afterAll(async () => {
    for (const close of closers.reverse()) await close()
    files.remove()
  })

  const skopeo = (...args: string[]) => run('skopeo', ['--insecure-policy', ...args])
  const push = async (certificates: string, repository: string) => {
    const image = await sourceImage('small')
    const target = `docker://${address}/${repository}:v1`
    await skopeo('copy', '--dest-cert-dir', certificates, `oci:${image.layout}:v1`, target)
  }

  test('skopeo pushes and pulls what a rule for its certificate allows', async () => {
    await push(known, 'builds/app')
    const pulled = `oci:${join(files.path, 'pulled')}:v1`
    await skopeo('copy', '--src-cert-dir', known, `docker://${address}/builds/app:v1`, pulled)
  })

  test('and nothing else, nor with another certificate or none', async () => {
    const refused = /unauthorized|authentication required|denied/i
    await expect(push(known, 'other/app')).rejects.toThrow(refused)
    await expect(push(other, 'builds/app')).rejects.toThrow(refused)
    await expect(push(none, 'builds/app')).rejects.toThrow(refused)
  })
})
