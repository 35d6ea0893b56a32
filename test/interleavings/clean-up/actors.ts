/**
 * What clients and collectors do beside each other, each noting what it was told.
 *
 * @module
 */
import { condemnLink, isPlain } from '../../../functions/registry/clean-up/link-object.ts'
import { layerLinkKey } from '../../../functions/registry/layout.ts'
import { readLinkObject } from '../../../functions/registry/links.ts'
import { OCI_MANIFEST } from '../../../functions/registry/media-types.ts'
import { CONFIG, imageOf } from '../../support/hosts/content.ts'
import type { Answer } from '../../support/hosts/host.ts'
import { codeOf, locationOf } from '../../support/rig/client.ts'
import type { Fact } from './facts.ts'
import type { Acting, Actor } from './run.ts'

/** The blob that all is about, and the manifest that needs it and nothing else. */
export const BLOB = CONFIG
export const IMAGE = imageOf()

/** Come again: the data is being deleted. */
const BUSY = 503

/** Whether an answer is one of these. Others, but for {@link BUSY}, must not be. */
const is = (world: Acting, answer: Answer, what: string, ...statuses: number[]): boolean => {
  if (statuses.includes(answer.status)) return true
  if (answer.status !== BUSY) world.wrong(`${what} is ${answer.status} ${codeOf(answer)}`)
  return false
}

const blobIn = (name: string): Fact => ({ kind: 'blob', name, content: BLOB })
const imageIn = (name: string): Fact => ({ kind: 'manifest', name, content: IMAGE })

const tryUpload = async (world: Acting, name: string): Promise<boolean> => {
  const path = `POST /v2/${name}/blobs/uploads/?digest=${BLOB.sha256}`
  const done = is(world, await world.send(path, BLOB.bytes), 'an upload', 201)
  if (done) world.told(blobIn(name))
  return done
}

export const upload = (name: string): Actor => ({
  title: `upload to ${name}`,
  run: async (world) => void (await tryUpload(world, name)),
})

/** The digest is known when the bytes are there. */
export const uploadInChunks = (name: string): Actor => ({
  title: `upload in chunks to ${name}`,
  async run(world) {
    const begun = await world.send(`POST /v2/${name}/blobs/uploads/`)
    const headers = { 'Content-Range': `0-${BLOB.bytes.length - 1}` }
    const sent = await world.send(`PATCH ${locationOf(begun)}`, BLOB.bytes, headers)
    const done = await world.send(`PUT ${locationOf(sent, `digest=${BLOB.sha256}`)}`)
    if (is(world, done, 'the end of an upload', 201)) world.told(blobIn(name))
  },
})

/** @param from the source; undefined: wherever it is */
export const mount = (name: string, from: string | undefined): Actor => ({
  title: `mount from ${from ?? 'anywhere'} to ${name}`,
  async run(world) {
    const source = from === undefined ? '' : `&from=${from}`
    const path = `POST /v2/${name}/blobs/uploads/?mount=${BLOB.sha256}${source}`
    const answer = await world.send(path)
    if (answer.status === 201) world.told(blobIn(name))
    else is(world, answer, 'a mount', 202)
  },
})

const putManifest = (world: Acting, name: string, reference: string): Promise<Answer> =>
  world.send(`PUT /v2/${name}/manifests/${reference}`, IMAGE.bytes, {
    'Content-Type': OCI_MANIFEST,
  })

/** A manifest whose blob may be there. */
export const pushManifest = (name: string, tag?: string): Actor => ({
  title: `push ${tag ?? 'by digest'} to ${name}`,
  async run(world) {
    const answer = await putManifest(world, name, tag ?? IMAGE.sha256)
    if (answer.status === 404 || answer.status === 400) return
    if (!is(world, answer, 'a manifest', 201)) return
    world.told(imageIn(name))
    if (tag !== undefined) world.told({ kind: 'tag', name, tag })
  },
})

/** A client: HEAD, an upload if there is none, HEAD, manifest. What it is promised is kept. */
export const session = (name: string, tag?: string): Actor => ({
  title: `a session with ${name}`,
  async run(world) {
    const head = `HEAD /v2/${name}/blobs/${BLOB.sha256}`
    if ((await world.send(head)).status !== 200 && !(await tryUpload(world, name))) return
    if (!is(world, await world.send(head), 'HEAD after 200 or 201', 200)) return
    const answer = await putManifest(world, name, tag ?? IMAGE.sha256)
    if (!is(world, answer, 'a manifest within its session', 201)) return
    world.told(imageIn(name))
    if (tag !== undefined) world.told({ kind: 'tag', name, tag })
  },
})

/** A client that only asks. */
export const look = (name: string): Actor => ({
  title: `HEAD in ${name}`,
  async run(world) {
    const path = `HEAD /v2/${name}/blobs/${BLOB.sha256}`
    is(world, await world.send(path), 'HEAD', 200, 404)
  },
})

/** A pull by digest: where the manifest is, its blob is. */
export const pull = (name: string): Actor => ({
  title: `pull from ${name}`,
  async run(world) {
    if ((await world.send(`GET /v2/${name}/manifests/${IMAGE.sha256}`)).status !== 200) return
    is(world, await world.send(`HEAD /v2/${name}/blobs/${BLOB.sha256}`), 'HEAD in a pull', 200)
  },
})

/** Deletes a blob, and with it what manifests rely on. */
export const deleteBlob = (name: string): Actor => ({
  title: `delete of the blob in ${name}`,
  async run(world) {
    world.excuse(name)
    is(world, await world.send(`DELETE /v2/${name}/blobs/${BLOB.sha256}`), 'a delete', 202, 404)
  },
})

/** Deletes the manifest. */
export const deleteManifest = (name: string): Actor => ({
  title: `delete of the manifest in ${name}`,
  async run(world) {
    world.excuse(name)
    const path = `DELETE /v2/${name}/manifests/${IMAGE.sha256}`
    is(world, await world.send(path), 'a delete', 202, 404)
  },
})

/** A run of the clean-up. */
export const collector = (title = 'collector'): Actor => ({
  title,
  run: (world) => world.collect(),
})

/** A run that is stopped after each step, each time for longer than the grace. */
export const stretched: Actor = {
  title: 'a run in stages',
  run: (world) => world.collectInStages(),
}

/** A run over what is left over beside links and data. */
export const sweeper: Actor = { title: 'a run over litter', run: (world) => world.collectLitter() }

/** A run that has decided about the link when nothing needed it, and condemns it now. */
export const condemnedLate = (name: string): Actor => ({
  title: `a condemnation that was decided long ago in ${name}`,
  async run({ store }) {
    const link = await readLinkObject(store, layerLinkKey(name, BLOB.sha256))
    if (link !== undefined && isPlain(link)) await condemnLink(store, link)
  },
})

/** A run that has slept since it found the link condemned, which was then rescued. */
export const sleeper = (name: string): Actor => ({
  title: `a sweep of days ago in ${name}`,
  run: (world) => world.sweepLate(name),
})

/** A run, long after what the actor before has done, or long before what the next does. */
export const later: Actor = { title: 'time', run: (world) => world.pass() }

/** One after the other. */
export const inTurn = (...actors: readonly Actor[]): Actor => ({
  title: actors.map(({ title }) => title).join(', '),
  async run(world) {
    for (const each of actors) await each.run(world)
  },
})

/** A delete that a collector has sent takes place, whenever that is. */
export const landing: Actor = { title: 'the network', run: (world) => world.land() }
