/**
 * The README's example on S3, with an account: registry and S3 are one host to Go's HTTP client, which
 * would send the credentials along with a redirect. The strict S3 refuses them beside a presigned URL, as
 * AWS does.
 *
 * @module
 */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startS3 } from '../emulators/s3/server.ts'
import { scratch } from '../support/live/process.ts'
import { type LiveRegistry, slipway, startRegistry } from '../support/live/registry.ts'
import { eventually } from '../support/until.ts'
import type { Session } from './support/client.ts'
import { clients } from './support/clients.ts'
import { sourceImage } from './support/image.ts'

const ALICE = { name: 'alice', password: 'correct horse' }

describe('S3 at the address of the registry', () => {
  const files = scratch('own-host')
  const closers: (() => Promise<void>)[] = []
  let registry: LiveRegistry
  beforeAll(async () => {
    const s3 = await startS3()
    closers.push(s3.close)
    const input = `${ALICE.password}\n`
    await slipway('user', s3, ['add', ALICE.name, '--password-stdin'], { input })
    registry = await startRegistry('slipway', s3, { redirects: true })
    closers.push(registry.close)
  }, 900_000)
  afterAll(async () => {
    for (const close of closers.reverse()) await close()
    files.remove()
  })

  test('the start says that clients with credentials are not redirected', () => {
    // It listens a moment before it says so.
    return eventually(() => expect(registry.output()).toContain('S3 is at 127.0.0.1, the registry'))
  })

  test.each(['oras', 'regctl', 'crane', 'skopeo', 'ctr', 'docker', 'docker29'])(
    '%s pushes and pulls',
    async (name) => {
      const image = await sourceImage('small')
      const open = clients[name]
      if (open === undefined) throw new Error(`there is no client ${name}`)
      const directory = join(files.path, name)
      mkdirSync(directory)
      const client = await open({ address: registry.address, directory, image })
      try {
        const session: Session = client.as(ALICE)
        await session.logIn?.()
        const target = `${registry.address}/alice/${name}:v1`
        const pushed = await session.push(target)
        expect(await session.pull(target)).toBe(pushed)
      } finally {
        await client.close?.()
      }
    },
  )
})
