/**
 * The registry that the explorer runs: what is in it, what can be asked of it, and what it then says.
 *
 * @module
 */
import { createCatalog } from '../../functions/registry/catalog.ts'
import { noteDeletion } from '../../functions/registry/deleted/note.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import type { Digest } from '../../functions/registry/reference.ts'
import { reindex } from '../../functions/registry/reindex.ts'
import { expireUploads } from '../../functions/registry/uploads/expire.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import {
  blob,
  CONFIG,
  type Content,
  descriptorOf,
  imageOf,
  indexOf,
} from '../support/hosts/content.ts'
import { codeOf, expectStatus, locationOf, type Send } from '../support/rig/client.ts'
import { begin, pushAtOnce, pushManifest, sendChunk } from '../support/rig/push.ts'
import { instance } from './instance.ts'
import { createModel, type Model, NOW, type Service } from './model.ts'
import { asOnePart, inTwoParts } from './sent-parts.ts'
import { bringBack, bringBackUntagged } from './undelete.ts'
import { LAYER, told, type Work } from './work.ts'

const FOREIGN = blob('only in another repository', 20)
/** What `latest` is. */
export const OLD = imageOf()
const NEW = imageOf([LAYER])
/** What refers to OLD. */
export const SIGNATURE = imageOf([], { subject: descriptorOf(OCI_MANIFEST, OLD) })
const SECOND_SIGNATURE = imageOf([], {
  subject: descriptorOf(OCI_MANIFEST, OLD),
  annotations: { second: 'yes' },
})
const LIST = indexOf([OLD])

/** Everything that may be in a repository. */
const MANIFESTS: Readonly<Record<string, Content>> = {
  OLD,
  NEW,
  SIGNATURE,
  SECOND_SIGNATURE,
  LIST,
}
const BLOBS: Readonly<Record<string, Content>> = { CONFIG, LAYER, FOREIGN }
const REPOSITORIES = ['app', 'empty', 'other']

/**
 * `app` has OLD as `latest`, its signature, and what NEW needs; `empty` has a config. On record are deletes of
 * the tag `again` and of OLD, which had the tag `latest`.
 */
export const fill = async (service: Service): Promise<Model> => {
  const model = createModel(service)
  const send = await instance(model.store)
  for (const name of REPOSITORIES) await pushAtOnce(send, name, CONFIG)
  await pushAtOnce(send, 'app', LAYER)
  await pushAtOnce(send, 'other', FOREIGN)
  await pushManifest(send, 'app', 'latest', OLD)
  await pushManifest(send, 'app', SIGNATURE.sha256, SIGNATURE)
  await pushManifest(send, 'other', 'latest', OLD)
  const digest = OLD.sha256 as Digest
  await noteDeletion(model.store, 'app', undefined, NOW).tag('again', digest)
  await noteDeletion(model.store, 'app', undefined, NOW).manifest(digest, ['latest'])
  return model
}

/** One thing that can be asked of the registry. */
export interface Operation {
  readonly title: string
  readonly run: Work
  /**
   * What may be left of it where it died before it answered, besides all or nothing: other operations,
   * of which nobody was told.
   */
  readonly partly?: readonly Work[]
  /**
   * What it does in a moment of its own, before and as part of the whole. A push by tag is a push by digest,
   * and then the tag: it writes both without a look, so nobody else can tell the two apart in between.
   */
  readonly first?: Work
}

const put =
  (name: string, reference: string, content: Content, headers = {}, type = OCI_MANIFEST) =>
  (send: Send): Promise<string> =>
    told(
      send(`PUT /v2/${name}/manifests/${reference}`, content.bytes, {
        'Content-Type': type,
        ...headers,
      }),
    )

const remove = (name: string, kind: string, reference: string) => (send: Send) =>
  told(send(`DELETE /v2/${name}/${kind}/${reference}`))

const byDigest: Readonly<Record<'old' | 'new' | 'list' | 'first', Work>> = {
  old: put('app', OLD.sha256, OLD),
  new: put('app', NEW.sha256, NEW),
  list: put('app', LIST.sha256, LIST, {}, OCI_INDEX),
  first: put('empty', OLD.sha256, OLD),
}

/** The first push lists a repository, which has blobs, before it writes the manifest. */
const listFirst: Work = async (_, store) => {
  await createCatalog(store).add('empty')
  return ''
}

const latest = remove('app', 'manifests', 'latest')
const again = remove('app', 'manifests', 'again')
const both: Work = async (send) => (await latest(send)) + (await again(send))

const bringBackOld = bringBackUntagged('app', OLD.sha256 as Digest)

/** All operations. */
export const OPERATIONS: readonly Operation[] = [
  {
    title: 'push a tag',
    run: put('app', 'again', OLD),
    partly: [byDigest.old],
    first: byDigest.old,
  },
  {
    title: 'move a tag',
    run: put('app', 'latest', NEW),
    partly: [byDigest.new],
    first: byDigest.new,
  },
  {
    title: 'move a tag if it is OLD',
    run: put('app', 'latest', NEW, { 'If-Match': `"${OLD.sha256}"` }),
    partly: [byDigest.new],
    first: byDigest.new,
  },
  {
    title: 'push a tag if there is none',
    run: put('app', 'again', OLD, { 'If-None-Match': '*' }),
    partly: [byDigest.old],
    first: byDigest.old,
  },
  { title: 'push by digest', run: byDigest.old },
  { title: 'push another by digest', run: byDigest.new },
  { title: 'push an index', run: byDigest.list, partly: [byDigest.old] },
  { title: 'delete a tag', run: latest },
  {
    title: 'delete by digest',
    run: remove('app', 'manifests', OLD.sha256),
    partly: [latest, again, both],
  },
  { title: 'delete a blob', run: remove('app', 'blobs', LAYER.sha256) },
  {
    title: 'mount a blob',
    run: (send) => told(send(`POST /v2/app/blobs/uploads/?mount=${FOREIGN.sha256}&from=other`)),
  },
  {
    title: 'upload a blob',
    run: (send) => told(pushAtOnce(send, 'app', LAYER)),
  },
  {
    title: 'upload in chunks',
    async run(send) {
      const started = await expectStatus(202, begin(send, 'app'))
      const chunk = await sendChunk(send, started, LAYER.bytes)
      return told(send(`PUT ${locationOf(chunk, `digest=${LAYER.sha256}`)}`))
    },
  },
  {
    title: 'upload by one PATCH',
    async run(send) {
      const started = await expectStatus(202, begin(send, 'app'))
      const all = await send(`PATCH ${locationOf(started)}`, LAYER.bytes)
      return told(send(`PUT ${locationOf(all, `digest=${LAYER.sha256}`)}`))
    },
  },
  { title: 'send a blob as one part', run: asOnePart },
  { title: 'send a blob in parts', run: inTwoParts },
  { title: 'push a referrer', run: put('app', SECOND_SIGNATURE.sha256, SECOND_SIGNATURE) },
  { title: 'push a referrer again', run: put('app', SIGNATURE.sha256, SIGNATURE) },
  { title: 'delete a referrer', run: remove('app', 'manifests', SIGNATURE.sha256) },
  { title: 'push the first', run: put('empty', 'v1', OLD), partly: [byDigest.first, listFirst] },
  { title: 'push the first by digest', run: byDigest.first, partly: [listFirst] },
  {
    title: 'undelete a tag',
    run: bringBack('app', { tag: 'again' }),
    partly: [bringBackOld],
    first: bringBackOld,
  },
  {
    title: 'undelete by digest',
    run: bringBack('app', { digest: OLD.sha256 as Digest }),
    partly: [bringBackOld],
    first: bringBackOld,
  },
  {
    title: 'reindex',
    async run(_, store) {
      await reindex(store)
      return 'done'
    },
  },
  {
    title: 'expire uploads',
    async run(_, store) {
      await expireUploads(store, NOW)
      return 'done'
    },
  },
]

/** Relies on what it has just seen, for some seconds. */
const lookThenPush: Operation = {
  title: 'look at a blob, then push',
  async run(send, store, clock) {
    await send(`HEAD /v2/app/blobs/${LAYER.sha256}`)
    return byDigest.new(send, store, clock)
  },
}

/** More than anything is remembered for. The look at a key is its moment. */
const timePasses: Operation = {
  title: 'time passes',
  async run(_, store, clock) {
    await store.head('(clock)')
    clock.now += 60_000
    return 'later'
  },
}

/** Operations that show what is remembered, and for how long. */
export const MEMORY: readonly Operation[] = [lookThenPush, timePasses]

const toFrozen = (content: Content, first: Work): Operation => ({
  title: `push ${content === OLD ? 'OLD' : 'NEW'} to an immutable tag`,
  run: put('app', 'frozen', content),
  partly: [first],
  first,
})

/** Operations on an immutable tag. */
export const IMMUTABLE: readonly Operation[] = [
  toFrozen(OLD, byDigest.old),
  toFrozen(NEW, byDigest.new),
  { title: 'delete an immutable tag', run: remove('app', 'manifests', 'frozen') },
  {
    title: 'delete NEW by digest',
    run: remove('app', 'manifests', NEW.sha256),
    partly: [remove('app', 'manifests', 'latest')],
  },
]

/** A push of what the tag says already. */
export const PUSH_AGAIN: Operation = {
  title: 'push the same tag again',
  run: put('app', 'latest', OLD),
  partly: [byDigest.old],
  first: byDigest.old,
}

/** The operation with this title. */
export const operation = (title: string): Operation => {
  const found = OPERATIONS.find((each) => each.title === title)
  if (found === undefined) throw new Error(`no operation ${title}`)
  return found
}

/** What the registry says of all that may be in it. */
export interface Picture {
  /** By repository: its tags, and what each gives; the manifests and blobs it has; referrers. */
  readonly facts: Readonly<Record<string, string>>
  /** What contradicts itself. */
  readonly faults: readonly string[]
}

const nameOf = (digest: string | null | undefined, of: typeof MANIFESTS): string =>
  Object.entries(of).find(([, { sha256 }]) => sha256 === digest)?.[0] ?? `${digest}`

const needs = (content: Content): Digest[] => {
  const { config, layers = [], manifests = [] } = JSON.parse(content.bytes.toString())
  return [config, ...layers, ...manifests].flatMap((each) => (each ? [each.digest] : []))
}

const pictures = new Map<string, Picture>()

/** What an instance that remembers nothing says of a store. */
export const picture = async (model: Model): Promise<Picture> => {
  const contents = model.contents()
  const known = pictures.get(contents) ?? (await look(model.store))
  pictures.set(contents, known)
  return known
}

const look = async (store: ObjectStore): Promise<Picture> => {
  const send = await instance(store)
  const facts: Record<string, string> = {}
  const faults: string[] = []
  const json = (body: Buffer) => JSON.parse(body.toString())
  const has = async (path: string): Promise<boolean> => (await send(`GET ${path}`)).status === 200

  const catalog: string[] = json((await send('GET /v2/_catalog')).body).repositories
  facts.catalog = catalog.join(' ')
  for (const name of REPOSITORIES) {
    const there: string[] = []
    const held = new Set<string>()
    for (const [title, { sha256 }] of Object.entries(BLOBS)) {
      if (!(await has(`/v2/${name}/blobs/${sha256}`))) continue
      held.add(sha256)
      there.push(title)
    }
    const referrers: string[] = []
    for (const [title, content] of Object.entries(MANIFESTS)) {
      if (!(await has(`/v2/${name}/manifests/${content.sha256}`))) continue
      held.add(content.sha256)
      there.push(title)
      if (json(content.bytes).subject) referrers.push(title)
    }
    for (const [title, content] of Object.entries(MANIFESTS)) {
      if (!held.has(content.sha256)) continue
      const lacks = needs(content).filter((digest) => !held.has(digest))
      if (lacks.length > 0)
        faults.push(
          `${name}: ${title} lacks ${lacks.map((each) => nameOf(each, { ...BLOBS, ...MANIFESTS }))}`,
        )
    }
    facts[`${name} has`] = there.sort().join(' ')

    const listed = await send(`GET /v2/${name}/tags/list`)
    const tags: string[] = listed.status === 200 ? json(listed.body).tags : []
    facts[`${name} tags`] = listed.status === 200 ? '' : (codeOf(listed) ?? '')
    for (const tag of tags) {
      const { status, headers } = await send(`GET /v2/${name}/manifests/${tag}`)
      const digest = headers.get('Docker-Content-Digest') ?? ''
      facts[`${name} tags`] += `${tag}=${nameOf(digest, MANIFESTS)} `
      if (status !== 200) faults.push(`${name}:${tag} is listed, and is ${status}`)
      else if (!held.has(digest)) faults.push(`${name}:${tag} is there, and its digest is not`)
    }
    const isListed = catalog.includes(name)
    if (isListed && there.length === 0) faults.push(`${name} is in the catalog, and empty`)
    if (isListed && listed.status !== 200) faults.push(`${name} is in the catalog, and unknown`)
    if (!isListed && listed.status === 200) faults.push(`${name} has tags, and is in no catalog`)
    if (!isListed && [...Object.values(MANIFESTS)].some(({ sha256 }) => held.has(sha256))) {
      faults.push(`${name} has manifests, and is in no catalog`)
    }

    const { body } = await send(`GET /v2/${name}/referrers/${OLD.sha256}`)
    const found: string[] = json(body).manifests.map((each: { digest: string }) =>
      nameOf(each.digest, MANIFESTS),
    )
    if (found.sort().join() !== referrers.sort().join()) {
      faults.push(`${name}: referrers ${referrers} are listed as ${found}`)
    }
  }
  return { facts, faults }
}
