/**
 * Clients through the emulated edge: one name, layers of 9 and 50 MB, in variants of what AWS does not
 * document of the gateway and the Web Function behind it.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { createReadStream, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EDGE_HEADER } from '../../functions/api/middleware/edge.ts'
import { GATEWAYS } from '../emulators/gateway/habits.ts'
import type { S3Server } from '../emulators/s3/server.ts'
import { WEB_FUNCTIONS } from '../emulators/web-function/habits.ts'
import { type BehindEdge, type EdgeHabits, startEdge } from '../support/hosts/edge.ts'
import { run, scratch } from '../support/live/process.ts'
import { startOnBucket } from './support/behind-gateway.ts'
import type { Account } from './support/client.ts'
import { clients } from './support/clients.ts'
import { sourceImage } from './support/image.ts'
import { writeLargeLayout } from './support/large-layout.ts'

/** A covering set: each variant of both, and each client once. */
const VARIANTS: Readonly<Record<string, EdgeHabits & { readonly clients: readonly string[] }>> = {
  'lengths kept': {
    gateway: GATEWAYS['length kept'],
    web: WEB_FUNCTIONS['length kept'],
    clients: ['docker', 'podman', 'ctr'],
  },
  'challenges renamed': {
    gateway: GATEWAYS['path decoded, length counted, challenge renamed'],
    web: WEB_FUNCTIONS['challenge renamed, length dropped'],
    clients: ['skopeo', 'docker29'],
  },
  'lengths lost': {
    gateway: GATEWAYS['length zero, challenge renamed'],
    web: WEB_FUNCTIONS['length zero'],
    blobs: 'cloudfront',
    clients: ['crane', 'oras', 'regctl'],
  },
}

const UPLOAD = /^\/v2\/.+\/blobs\/uploads\//
const MB = 1_000_000

for (const [variant, habits] of Object.entries(VARIANTS)) {
  describe(`behind the edge, ${variant}`, () => {
    const files = scratch('edge')
    let s3: S3Server
    let alice: Account
    let behind: BehindEdge
    beforeAll(async () => {
      const bucket = await startOnBucket()
      s3 = bucket.s3
      alice = bucket.alice
      behind = await startEdge(s3, bucket.env, habits)
    }, 900_000)
    afterAll(async () => {
      await behind?.stop()
      await s3?.close()
      files.remove()
    })

    for (const name of habits.clients) {
      test(`${name} logs in, pushes 9 and 50 MB and pulls them, all at one name`, async () => {
        const { edge } = behind
        const { address } = edge
        const directory = mkdtempSync(join(files.path, 'c'))
        const image = await sourceImage('heavy')
        const client = await clients[name]!({ address, directory, image })
        try {
          const seen = edge.passed.length
          const session = client.as(alice)
          await session.logIn?.()
          const target = `${address}/open/${name}:v1`
          const pushed = await session.push(target)
          expect(await session.pull(target)).toBe(pushed)

          const passed = edge.passed.slice(seen)
          expect(
            passed.filter(({ status }) => status >= 500 || [403, 413].includes(status)),
          ).toEqual([])
          const sent = passed.filter(({ target: path }) => UPLOAD.test(path))
          expect(new Set(sent.map(({ by }) => by))).toEqual(new Set(['uploads']))
          expect(sent.filter(({ method }) => method !== 'POST').length).toBeGreaterThan(2)
          const others = passed.filter((each) => !UPLOAD.test(each.target))
          expect(others.map(({ by }) => by)).toContain('api')
          // What is under a digest is read from the bucket once, and then from the cache.
          const bytes = others.filter(({ target: path }) => !/^\/(?:v2|token)/.test(path))
          if (habits.blobs === undefined) expect(bytes).toEqual([])
          else expect(bytes.filter(({ method }) => method === 'GET').length).toBeGreaterThan(2)
          expect(bytes.filter(({ by }) => !['bucket', 'cache'].includes(by))).toEqual([])
        } finally {
          await client.close?.()
        }
      }, 300_000)
    }

    test('the digest of a tag comes from a HEAD, by crane and by oras, which has no other way', async () => {
      const [pushed = ''] = habits.clients
      const at = `${behind.edge.address}/open/${pushed}:v1`
      const { manifest } = await sourceImage('heavy')
      const env = { HOME: files.path, DOCKER_CONFIG: files.path }
      const seen = behind.edge.passed.length
      const said = await run('crane', ['digest', at], { env })
      const resolved = await run('oras', ['resolve', '--plain-http', at], { env })
      expect(resolved.trim()).toBe(said.trim())
      if (pushed !== 'docker') expect(said.trim()).toBe(manifest)
      const passed = behind.edge.passed.slice(seen)
      const heads = passed.filter(({ target }) => target.startsWith('/registry/docker/'))
      const redirects = habits.gateway.headLength === 'zero'
      expect(heads.map(({ method, status }) => `${method} ${status}`)).toEqual(
        redirects ? ['HEAD 200', 'HEAD 200'] : [],
      )
    })

    const large: readonly (readonly [string, number, number])[] = [
      ['100 layers', 1, 100],
      ...(process.env.SLIPWAY_PAIRS === 'all' ? [['a layer of 1 GB', 1000, 1] as const] : []),
    ]
    // One variant is enough: nothing of what differs depends on the number or the size of layers.
    test.runIf(variant === 'lengths kept').each(large)(
      'crane pushes and pulls %s',
      async (what, mebibytes, count) => {
        const layout = mkdtempSync(join(files.path, 'layout-'))
        const layers = await writeLargeLayout(layout, mebibytes, count)
        const home = mkdtempSync(join(files.path, 'home-'))
        const env = { HOME: home, DOCKER_CONFIG: home }
        const target = `${behind.edge.address}/open/${what.replaceAll(' ', '-').toLowerCase()}:v1`
        const as = ['--username', alice.name, '--password', alice.password]
        await run('crane', ['auth', 'login', ...as, behind.edge.address], { env })
        await run('crane', ['push', layout, target], { env })
        const pulled = join(home, 'pulled')
        await run('crane', ['pull', '--format=oci', target, pulled], { env })
        for (const layer of layers) {
          const hash = createHash('sha256')
          const bytes = createReadStream(join(pulled, 'blobs', layer.replace(':', '/')))
          for await (const chunk of bytes) hash.update(chunk)
          expect(`sha256:${hash.digest('hex')}`).toBe(layer)
        }
      },
      600_000,
    )

    test('around it, both say where to go, whatever they are shown', async () => {
      for (const { url } of [behind.gateway, behind.endpoint]) {
        for (const headers of [{}, { [EDGE_HEADER]: 'A'.repeat(43) }]) {
          const answer = await fetch(`${url}/v2/`, { headers })
          expect(answer.status).toBe(403)
          const { errors } = (await answer.json()) as { errors: object[] }
          expect(errors).toMatchObject([
            { code: 'DENIED', message: expect.stringContaining(behind.edge.url) },
          ])
        }
      }
    })

    test('the challenge and the key set are those of the one name', async () => {
      for (const path of ['/v2/', '/v2/a/blobs/uploads/']) {
        const method = path === '/v2/' ? 'GET' : 'POST'
        const answer = await fetch(behind.edge.url + path, { method })
        expect(answer.status).toBe(401)
        const challenge = `Bearer realm="${behind.edge.url}/token",service="slipway"`
        expect(answer.headers.get('WWW-Authenticate')?.startsWith(challenge)).toBe(true)
      }
    })

    test('a body too large for the API is refused in our words', async () => {
      const answer = await fetch(`${behind.edge.url}/v2/open/app/manifests/v1`, {
        method: 'PUT',
        body: new Uint8Array(11 * MB),
      })
      expect(answer.status).toBe(413)
      const { errors } = (await answer.json()) as { errors: object[] }
      expect(errors).toMatchObject([{ code: 'UNSUPPORTED' }])
    })
  })
}
