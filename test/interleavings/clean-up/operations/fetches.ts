/**
 * What pull-through writes: manifests and blobs that come from an upstream, which has the image and never fails, or are
 * pushed on to one that has nothing. The code is that of the server, but for the file in which a blob is on its way.
 *
 * @module
 */
import { dataKey, fetchedPrefix } from '../../../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../../../functions/registry/media-types.ts'
import type { Digest, Reference } from '../../../../functions/registry/reference.ts'
import { createRegistry, type Registry } from '../../../../functions/registry/registry.ts'
import { createClaims } from '../../../../functions/upstreams/blobs/claim.ts'
import type { UpstreamRepository } from '../../../../functions/upstreams/client/client.ts'
import { UpstreamError } from '../../../../functions/upstreams/client/failure.ts'
import type { AskAt } from '../../../../functions/upstreams/client/hosts-asked.ts'
import type { UpstreamPushes } from '../../../../functions/upstreams/client/pushing.ts'
import { createRefresh } from '../../../../functions/upstreams/manifests/refresh.ts'
import { parseUpstreams } from '../../../../functions/upstreams/parse.ts'
import { createPushOn } from '../../../../functions/upstreams/pushes/push-on.ts'
import { type Route, routing } from '../../../../functions/upstreams/route.ts'
import { allObjects } from '../../../support/rig/invariants.ts'
import { FROZEN } from '../../instance.ts'
import { BLOB, IMAGE } from '../actors.ts'
import type { Acting, Actor } from '../run.ts'
import { actor, blobIn, is, manifestIn, refusable } from './answers.ts'

const routeOf = (writable: boolean): Route => {
  const upstream = { name: 'up', host: 'up.example', prefix: '', interval: '0m', writable }
  const document = JSON.stringify({ version: 1, upstreams: [upstream] })
  return routing(parseUpstreams(document))('app') as Route
}
const ROUTE = routeOf(false)
const WRITABLE = routeOf(true)

const REPOSITORY = {
  head: async () => ({ digest: IMAGE.sha256 as Digest, etag: undefined }),
  manifest: async () => ({
    digest: IMAGE.sha256 as Digest,
    bytes: Buffer.from(IMAGE.bytes),
    mediaType: OCI_MANIFEST,
    etag: undefined,
  }),
  stat: async () => BLOB.bytes.length,
} as unknown as UpstreamRepository
const PUSHES: UpstreamPushes = {
  hasBlob: async () => false,
  hasManifest: async () => false,
  digestAt: async () => undefined,
  async putBlob(_, size, open) {
    let bytes = 0
    for await (const chunk of open()) bytes += chunk.byteLength
    if (bytes !== size) throw new Error(`${bytes} bytes of ${size}`)
  },
  putManifest: async () => true,
}
const askAt = (() => ({ repository: REPOSITORY, pushes: PUSHES })) as unknown as AskAt

/** A server with nothing in its memory. */
const serverOf = ({ store, ...world }: Acting): Registry =>
  createRegistry({
    store,
    uploadSecret: async () => new Uint8Array(32),
    now: () => world.now(),
    wait: (milliseconds) => world.wait(milliseconds),
    cleanUp: async () => true,
    undeletes: true,
    rules: async () => FROZEN,
  })

const fetchManifest = (
  world: Acting,
  registry: Registry,
  reference: Reference,
  route: Route = ROUTE,
) =>
  createRefresh({ registry, store: world.store, askAt, now: () => world.now() })(route, reference)

async function* bytesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, undefined> {
  yield bytes
}

/** The steps of `createFills`, in its order. @returns whether the repository has the blob then */
const fill = async (world: Acting, registry: Registry): Promise<boolean> => {
  const { store } = world
  const digest = BLOB.sha256 as Digest
  const isStored = async (): Promise<boolean> => (await store.head(dataKey(digest))) !== undefined
  const mount = () => registry.blobs.mount('app', digest, undefined)
  if ((await isStored()) && (await mount())) return true
  const takeClaim = createClaims({
    store,
    signal: new AbortController().signal,
    wait: (milliseconds) => world.wait(milliseconds),
    clock: () => world.now(),
    // Nobody lives so long.
    renewal: 2 ** 31 - 1,
  })
  let waited = false
  const isHere = async (): Promise<boolean> => {
    waited = true
    return (await registry.blobs.stat('app', digest)) !== undefined
  }
  const claim = await takeClaim({ digest, origin: ROUTE.origin }, isHere, async () => () => {})
  if (claim === undefined) return true
  try {
    if (waited && (await isStored()) && (await mount())) return true
    const source = bytesOf(BLOB.bytes)
    const incoming = { source, length: BLOB.bytes.length, range: undefined, fetched: true }
    await registry.uploads.commit(registry.uploads.begin('app'), digest, incoming)
    return true
  } finally {
    await claim.release()
  }
}

/** Work of a server: what an upstream or the store refuses, is refused. */
const pulling = (title: string, run: (world: Acting) => Promise<void>): Actor =>
  actor(title, (world) =>
    refusable(async () => {
      try {
        await run(world)
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error
      }
    }),
  )

export const fillBlob = pulling('fill of a blob', async (world) => {
  if (await fill(world, serverOf(world))) world.told(blobIn('app', BLOB))
})

export const fetchByTag = pulling('fetch of a tag', async (world) => {
  const { was } = await fetchManifest(world, serverOf(world), { tag: 'v1' })
  // What was here is as old as it was, for rules.
  if (was === undefined) world.told({ kind: 'tag', name: 'app', tag: 'v1' })
})

export const fetchByDigest = pulling('fetch by digest', async (world) => {
  await fetchManifest(world, serverOf(world), { digest: IMAGE.sha256 as Digest })
})

/** A client that pulls an image: what is not here is fetched, and all of it is here then, as long as the upstream is not. */
const pullFrom = (title: string, route: Route): Actor =>
  pulling(title, async (world) => {
    const registry = serverOf(world)
    const { was } = await fetchManifest(world, registry, { tag: 'v1' }, route)
    const answer = await world.send(`GET /v2/app/blobs/${BLOB.sha256}`)
    if (!is(world, answer, 'a blob', 200, 404)) return
    if (answer.status === 404 && !(await fill(world, registry))) return
    if (was !== undefined) return
    world.told(manifestIn('app', IMAGE))
    world.told({ kind: 'tag', name: 'app', tag: 'v1' })
  })

export const pullThrough = pullFrom('pull through', ROUTE)
export const pullWritable = pullFrom('pull through from a writable upstream', WRITABLE)

/** A client that pushes an image, all of which is pushed on before anything here leads to it. */
export const pushThrough = pulling('push through', async (world) => {
  const registry = serverOf(world)
  const { store } = world
  const pushOn = createPushOn({ registry, store, askAt })
  const bytes = Buffer.from(BLOB.bytes)
  const incoming = { source: bytesOf(bytes), length: bytes.length, range: undefined }
  await registry.uploads.commit(registry.uploads.begin('app'), BLOB.sha256 as Digest, incoming)
  world.told(blobIn('app', BLOB))
  const reference = { tag: 'v1' }
  const { digest } = await registry.manifests.push('app', reference, IMAGE.bytes, OCI_MANIFEST, {
    first: {
      content: (manifest) => pushOn.content(WRITABLE, manifest),
      async manifest({ mediaType }, frozen) {
        await pushOn.manifest(WRITABLE, [reference], mediaType, IMAGE.bytes, frozen)
        await pushOn.begun(WRITABLE)
      },
      late: (tags) => pushOn.restore(WRITABLE, tags, IMAGE.sha256 as Digest),
    },
  })
  await pushOn.tagged(WRITABLE, ['v1'], digest)
  world.told(manifestIn('app', IMAGE))
  world.told({ kind: 'tag', name: 'app', tag: 'v1' })
})

/** A client that has nothing fetched: what it gets is right. */
export const pullHere = actor('pull of what is here', async (world) => {
  const manifest = await world.send('GET /v2/app/manifests/v1')
  if (!is(world, manifest, 'a tag', 200, 404) || manifest.status === 404) return
  if (!manifest.body.equals(IMAGE.bytes)) world.wrong('a tag is another')
  const blob = await world.send(`GET /v2/app/blobs/${BLOB.sha256}`)
  if (!is(world, blob, 'a blob', 200, 404) || blob.status === 404) return
  if (!blob.body.equals(BLOB.bytes)) world.wrong('a blob is another')
})

/** `slipway upstreams purge`: all that was pulled goes. */
export const purge = actor('purge', async (world) => {
  world.excuse('app')
  is(world, await world.send('DELETE /api/v1/repositories/app'), 'a purge', 202, 404)
  const states = await allObjects(world.store, fetchedPrefix('app'))
  await world.store.delete(states.map(({ key }) => key))
})
