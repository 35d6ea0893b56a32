/**
 * Slipway and distribution (Debian's `docker-registry`) take turns on one store: each serves what the
 * other wrote, byte for byte.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import {
  type ImageName,
  identity,
  readLayout,
  readRegistry,
  sourceImage,
} from '../e2e/support/image.ts'
import { run, scratch } from '../support/live/process.ts'
import {
  type LiveRegistry,
  type RegistryProgram,
  type StoreLocation,
  slipway,
  startRegistry,
} from '../support/live/registry.ts'
import { type S3Program, startLiveS3 } from '../support/live/s3.ts'

const crane = (...args: string[]) => run('crane', args)
const oras = (cwd: string, ...args: string[]) => run('oras', args, { cwd })

const lines = (printed: string): string[] => printed.split('\n').filter((line) => line !== '')

/** Runs `body` with a registry on the store, and stops the registry afterwards. */
const serving = async <T>(
  program: RegistryProgram,
  store: StoreLocation,
  body: (registry: LiveRegistry) => Promise<T>,
): Promise<T> => {
  const registry = await startRegistry(program, store)
  try {
    return await body(registry)
  } finally {
    await registry.close()
  }
}

interface Place {
  readonly name: string
  /** The larger image that is pushed to it; one of its layers is larger than a part of an upload. */
  readonly large: ImageName
  open(): Promise<{ readonly store: StoreLocation; close(): Promise<void> | void }>
}

const bucketOf = (program: S3Program): Place => ({
  name: `a bucket of ${program}`,
  large: 'medium',
  open: async () => {
    const s3 = await startLiveS3(program)
    return { store: s3, close: s3.close }
  },
})

const places: readonly Place[] = [
  {
    name: 'a directory',
    large: 'full',
    open: async () => {
      const directory = scratch('interop')
      return { store: { directory: directory.path }, close: directory.remove }
    },
  },
  bucketOf('seaweedfs'),
  bucketOf('versitygw'),
]

const directions: readonly {
  readonly writer: RegistryProgram
  readonly reader: RegistryProgram
}[] = [
  { writer: 'slipway', reader: 'distribution' },
  { writer: 'distribution', reader: 'slipway' },
]

for (const place of places) {
  for (const { writer, reader } of directions) {
    describe(`${writer} writes and ${reader} reads ${place.name}`, () => {
      let opened: Awaited<ReturnType<Place['open']>>
      const files = scratch('interop-files')
      beforeAll(async () => {
        opened = await place.open()
      })
      afterAll(async () => {
        await opened.close()
        files.remove()
      })

      test(`${writer} accepts images, tags and referrers`, async () => {
        const [large, small] = await Promise.all([sourceImage(place.large), sourceImage('small')])
        await serving(writer, opened.store, async ({ address }) => {
          await crane('push', large.layout, `${address}/inter/large:v1`)
          await crane('tag', `${address}/inter/large:v1`, 'v2')
          await crane('push', small.layout, `${address}/inter/small:v1`)
          writeFileSync(join(files.path, 'sbom.json'), '{"kind":"sbom"}')
          const type = '--artifact-type=application/vnd.example.sbom'
          const subject = `${address}/inter/small:v1`
          await oras(files.path, 'attach', '--plain-http', type, subject, 'sbom.json:text/plain')
        })
        if (reader === 'slipway') await slipway('reindex', opened.store)
      })

      test(`${reader} serves every byte of them`, async () => {
        const large = await sourceImage(place.large)
        await serving(reader, opened.store, async ({ address }) => {
          assert.deepEqual(await readRegistry(address, 'inter/large', 'v2'), identity(large))
          const pulled = join(files.path, 'pulled')
          await crane('pull', '--format=oci', `${address}/inter/large:v1`, pulled)
          assert.deepEqual(readLayout(pulled), identity(large))
        })
      })

      test(`${reader} lists repositories, tags and referrers`, async () => {
        const small = await sourceImage('small')
        await serving(reader, opened.store, async ({ address }) => {
          assert.deepEqual(lines(await crane('catalog', address)), ['inter/large', 'inter/small'])
          assert.deepEqual(lines(await crane('ls', `${address}/inter/large`)), ['v1', 'v2'])

          // Only Slipway has the referrers API; without it clients write a tag instead.
          const fallback = small.manifest.replace(':', '-')
          const tags = lines(await crane('ls', `${address}/inter/small`))
          assert.deepEqual(tags, writer === 'distribution' ? [fallback, 'v1'] : ['v1'])
          if (reader === 'slipway') {
            const url = `http://${address}/v2/inter/small/referrers/${small.manifest}`
            const { manifests } = (await (await fetch(url)).json()) as {
              manifests: { artifactType: string; digest: string }[]
            }
            const types = manifests.map(({ artifactType }) => artifactType)
            assert.deepEqual(types, ['application/vnd.example.sbom'])
            const referrer = `${address}/inter/small@${manifests[0]?.digest}`
            await oras(files.path, 'pull', '--plain-http', '-o', 'referrer', referrer)
          }
        })
      })

      test(`${reader} adds to it, and ${writer} serves that`, async () => {
        const small = await sourceImage('small')
        await serving(reader, opened.store, async ({ address }) => {
          await crane('copy', `${address}/inter/small:v1`, `${address}/inter/added:v1`)
          await crane('tag', `${address}/inter/small:v1`, 'v3')
        })
        await serving(writer, opened.store, async ({ address }) => {
          assert.deepEqual(await readRegistry(address, 'inter/added', 'v1'), identity(small))
          assert.ok(lines(await crane('ls', `${address}/inter/small`)).includes('v3'))
        })
      })

      test(`${reader} deletes, and ${writer} no longer serves that`, async () => {
        const small = await sourceImage('small')
        await serving(reader, opened.store, ({ address }) =>
          crane('delete', `${address}/inter/added@${small.manifest}`),
        )
        await serving(writer, opened.store, async ({ address }) => {
          await assert.rejects(crane('digest', `${address}/inter/added:v1`), /MANIFEST_UNKNOWN|404/)
          assert.deepEqual(await readRegistry(address, 'inter/small', 'v1'), identity(small))
        })
      })
    })
  }
}
