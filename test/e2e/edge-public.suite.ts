/**
 * Clients and a public image that the edge keeps, in variants of what AWS does not document of the gateway.
 *
 * @module
 */

import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { GATEWAYS } from '../emulators/gateway/habits.ts'
import type { S3Server } from '../emulators/s3/server.ts'
import { WEB_FUNCTIONS } from '../emulators/web-function/habits.ts'
import { type BehindEdge, startEdge } from '../support/hosts/edge.ts'
import { testWith } from '../support/live/installed.ts'
import { scratch } from '../support/live/process.ts'
import { startOnBucket } from './support/behind-gateway.ts'
import type { Account } from './support/client.ts'
import { clients, PROGRAMS } from './support/clients.ts'
import { type SourceImage, sourceImage } from './support/image.ts'

/** A covering set: each library of clients with one gateway. */
const VARIANTS = {
  'lengths kept': {
    gateway: GATEWAYS['length kept'],
    web: WEB_FUNCTIONS['length kept'],
    clients: ['docker', 'ctr', 'skopeo'],
  },
  'lengths lost': {
    gateway: GATEWAYS['length zero, challenge renamed'],
    web: WEB_FUNCTIONS['length zero'],
    clients: ['docker29', 'crane', 'oras', 'regctl'],
  },
} as const

for (const [variant, habits] of Object.entries(VARIANTS)) {
  describe(`a public image at the edge, ${variant}`, () => {
    const files = scratch('public')
    const directory = () => mkdtempSync(join(files.path, 'd'))
    let s3: S3Server
    let alice: Account
    let behind: BehindEdge
    let image: SourceImage
    beforeAll(async () => {
      const bucket = await startOnBucket()
      s3 = bucket.s3
      alice = bucket.alice
      const listed = new Map([['open/**', 'version']])
      behind = await startEdge(s3, bucket.env, { ...habits, blobs: 'cloudfront', listed })
      image = await sourceImage('small')
      const { address } = behind.edge
      const crane = await clients.crane!({ address, directory: directory(), image })
      const session = crane.as(alice)
      await session.logIn?.()
      for (const name of ['open/app', 'private/app']) await session.push(`${address}/${name}:v1`)
    }, 900_000)
    afterAll(async () => {
      await behind?.stop()
      await s3?.close()
      files.remove()
    })

    for (const name of habits.clients) {
      testWith(PROGRAMS[name]!, `${name} pulls it, with an account and without`, async () => {
        const { address, passed } = behind.edge
        const client = await clients[name]!({ address, directory: directory(), image })
        try {
          const pull = async (repository: string, account?: Account) => {
            const session = client.as(account)
            if (account) await session.logIn?.()
            const seen = passed.length
            const pulled = await session.pull(`${address}/${repository}:v1`)
            expect([image.manifest, image.config]).toContain(pulled)
            return passed
              .slice(seen)
              .filter(({ target }) => !/^\/(?:token|v2\/(?:$|\?))/.test(target))
              .map(({ by }) => by)
          }
          await pull('open/app', alice)
          expect(new Set(await pull('open/app'))).toEqual(new Set(['cache']))
          expect(new Set(await pull('open/app', alice))).toEqual(new Set(['cache']))
          // The same digests: what never changes is kept, who may have it is asked each time.
          expect(await pull('private/app', alice)).toContain('api')
          await expect(pull('private/app')).rejects.toThrow()
        } finally {
          await client.close?.()
        }
      })
    }
  })
}
