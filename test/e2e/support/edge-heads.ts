/**
 * A registry behind its edge where HEADs of manifests are redirected, and an image in it.
 *
 * @module
 */

import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { GATEWAYS } from '../../emulators/gateway/habits.ts'
import type { S3Server } from '../../emulators/s3/server.ts'
import { WEB_FUNCTIONS } from '../../emulators/web-function/habits.ts'
import { type BehindEdge, startEdge } from '../../support/hosts/edge.ts'
import { scratch } from '../../support/live/process.ts'
import { startOnBucket } from './behind-gateway.ts'
import type { Account } from './client.ts'
import { clients } from './clients.ts'
import { type SourceImage, sourceImage } from './image.ts'

export interface Heads {
  readonly url: string
  /** `host:port` */
  readonly address: string
  readonly alice: Account
  /** What crane has pushed as {@link repository}`:v1`. */
  readonly image: SourceImage
  readonly repository: string
  /** A directory of its own. */
  directory(): string
  /**
   * Does something, and checks that it went well at the edge.
   *
   * @param asks whether it must have asked for a manifest by a HEAD, which the bucket has answered
   */
  during(body: () => Promise<void>, asks: boolean): Promise<void>
}

/** Starts it for the suite that calls this. @returns what is there once a test runs */
export const headsScene = (): (() => Heads) => {
  const files = scratch('heads')
  const directory = (): string => mkdtempSync(join(files.path, 'd'))
  let s3: S3Server
  let behind: BehindEdge
  let scene: Heads
  beforeAll(async () => {
    const bucket = await startOnBucket()
    s3 = bucket.s3
    behind = await startEdge(s3, bucket.env, {
      gateway: GATEWAYS['length zero, challenge renamed'],
      web: WEB_FUNCTIONS['length zero'],
      blobs: 'cloudfront',
    })
    const { alice } = bucket
    const { url, address, passed } = behind.edge
    const image = await sourceImage('small')
    const repository = 'open/image'
    const crane = await clients.crane!({ address, directory: directory(), image })
    const session = crane.as(alice)
    await session.logIn?.()
    expect(await session.push(`${address}/${repository}:v1`)).toBe(image.manifest)
    const during: Heads['during'] = async (body, asks) => {
      const seen = passed.length
      await body()
      const since = passed.slice(seen)
      // Clients ask for blobs and tags that may not be there.
      const wrong = since.filter(({ status }) => status >= 400 && ![401, 404].includes(status))
      expect(wrong).toEqual([])
      const heads = since.filter(
        ({ method, target }) => method === 'HEAD' && target.startsWith('/registry/docker/'),
      )
      expect(heads.filter(({ status }) => status !== 200)).toEqual([])
      if (asks) expect(heads).not.toEqual([])
    }
    scene = { url, address, alice, image, repository, directory, during }
  }, 900_000)
  afterAll(async () => {
    await behind?.stop()
    await s3?.close()
    files.remove()
  })
  return () => scene
}
