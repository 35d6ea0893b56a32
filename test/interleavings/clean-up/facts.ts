/**
 * What must hold of a registry beside clean-ups, whatever their order: what clients were told stays true.
 *
 * @module
 */

import { needsOf } from '../../../functions/registry/clean-up/needs.ts'
import {
  ALIASES_PREFIX,
  BLOBS_PREFIX,
  CATALOG_PREFIX,
  CONDEMNED_PREFIX,
  catalogName,
  DELETED_REPOSITORIES_PREFIX,
  DELETIONS_PREFIX,
  dataKey,
  layerLinkKey,
  manifestsPrefix,
  REFERRERS_PREFIX,
  REPOSITORIES_PREFIX,
  revisionLinkKey,
  UPLOADS_PREFIX,
} from '../../../functions/registry/layout.ts'
import { readLinkObject } from '../../../functions/registry/links.ts'
import { type Digest, isDigest } from '../../../functions/registry/reference.ts'
import { readAll } from '../../../functions/storage/bytes.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import type { Content } from '../../support/hosts/content.ts'
import type { Send } from '../../support/rig/client.ts'
import { allObjects } from '../../support/rig/invariants.ts'

/** What a client was told. */
export type Fact =
  /** The repository has the blob; holds for the grace. */
  | { readonly kind: 'blob'; readonly name: string; readonly content: Content }
  /** The repository has the manifest, and what it needs. */
  | { readonly kind: 'manifest'; readonly name: string; readonly content: Content }
  /** Any repository can mount the blob by this digest, from wherever it is; holds for the grace. */
  | { readonly kind: 'anywhere'; readonly name: string; readonly digest: Digest }
  /** The tag is there, whatever it says. */
  | { readonly kind: 'tag'; readonly name: string; readonly tag: string }

const titleOf = (fact: Fact): string =>
  fact.kind === 'tag' ? `${fact.name}:${fact.tag}` : `${fact.kind} in ${fact.name}`

/** Whether a fact holds only as long as nothing that a client relies on may be collected. */
export const isOfNow = ({ kind }: Fact): boolean => kind === 'blob' || kind === 'anywhere'

/** Whether a fact still holds; on a store that nobody else uses. @returns what is wrong */
export const brokenBy = async (send: Send, fact: Fact): Promise<string | undefined> => {
  const has = async (path: string): Promise<boolean> =>
    (await send(`GET /v2/${fact.name}/${path}`)).status === 200
  const lost = `lost: ${titleOf(fact)}`
  if (fact.kind === 'anywhere') {
    const mounted = await send(`POST /v2/probe/blobs/uploads/?mount=${fact.digest}`)
    return mounted.status === 201 ? undefined : lost
  }
  if (fact.kind === 'tag') return (await has(`manifests/${fact.tag}`)) ? undefined : lost
  const { sha256, bytes } = fact.content
  if (fact.kind === 'blob') return (await has(`blobs/${sha256}`)) ? undefined : lost
  if (!(await has(`manifests/${sha256}`))) return lost
  const needs = needsOf(bytes)
  for (const digest of needs?.digests ?? []) {
    const there = (await has(`blobs/${digest}`)) || (await has(`manifests/${digest}`))
    if (!there) return `${lost} lacks a blob`
  }
  if (needs?.subject !== undefined) {
    const referrers = `/v2/${fact.name}/referrers/${needs.subject}`
    if (!(await listed(send, referrers, sha256))) return `${lost} is no referrer`
  }
  return (await listed(send, '/v2/_catalog', fact.name)) ? undefined : `${lost} is in no catalog`
}

/** Whether an answer names this. */
const listed = async (send: Send, path: string, name: string): Promise<boolean> =>
  (await send(`GET ${path}`)).body.includes(`"${name}"`)

const REFERRER = /^(.+)\/(?:sha256|sha512)\/[0-9a-f]+\/(sha256|sha512)\/([0-9a-f]+)$/
const LINK = /^(.+)\/(_layers|_manifests\/revisions)\/([a-z0-9]+)\/([0-9a-f]+)\/link$/

/** Whether every link, condemned or not, has its data. @returns what is wrong */
export const linkWithoutData = async (store: ObjectStore): Promise<string | undefined> => {
  for (const { key } of await allObjects(store, REPOSITORIES_PREFIX)) {
    const [, , kind, algorithm, hex] = LINK.exec(key.slice(REPOSITORIES_PREFIX.length)) ?? []
    if (kind === undefined || !isDigest(`${algorithm}:${hex}`)) continue
    const body = (await readLinkObject(store, key))?.body
    if (body === undefined || body.deletedWithin !== undefined) continue
    if ((await store.head(dataKey(body.target))) === undefined) return `${kind} link without data`
  }
  return undefined
}

const TAG = /^(.+)\/_manifests\/tags\/([^/]+)\/current\/link$/

/** Tags that lead to nothing, as `name:tag`. */
export const tagsWithoutManifest = async (send: Send, store: ObjectStore): Promise<string[]> => {
  const found: string[] = []
  for (const { key } of await allObjects(store, REPOSITORIES_PREFIX)) {
    const [, name, tag] = TAG.exec(key.slice(REPOSITORIES_PREFIX.length)) ?? []
    if (tag === undefined) continue
    const link = (await readLinkObject(store, key))?.body?.target
    const answer = await send(`GET /v2/${name}/manifests/${link ?? tag}`)
    if (answer.status !== 200) found.push(`${name}:${tag}`)
  }
  return found
}

/** What is left over when clean-ups have run for long enough, and nobody else has. */
export const litterIn = async (store: ObjectStore): Promise<string[]> => {
  const litter: string[] = []
  const linked = new Set<string>()
  const needed = new Set<string>()
  const layers: { readonly key: string; readonly target: Digest }[] = []
  for (const { key } of await allObjects(store, CONDEMNED_PREFIX)) litter.push(`a marker ${key}`)
  for (const { key } of await allObjects(store, REPOSITORIES_PREFIX)) {
    const [, name = '', kind, algorithm, hex] =
      LINK.exec(key.slice(REPOSITORIES_PREFIX.length)) ?? []
    const body = (await readLinkObject(store, key))?.body
    const plain = body?.condemned === undefined && body?.deletedWithin === undefined
    if (key.includes('/_manifests/tags/') && !plain) litter.push('a tag that is not plain')
    if (kind === undefined || body === undefined || !isDigest(`${algorithm}:${hex}`)) continue
    const { target } = body
    linked.add(target)
    if (!plain) litter.push(`a link that is not plain ${kind}`)
    if (kind === '_layers') {
      layers.push({ key, target })
      continue
    }
    const read = await store.get(dataKey(target))
    const needs = read && needsOf(await readAll(read.body, 1 << 20))
    for (const each of needs?.digests ?? []) needed.add(layerLinkKey(name, each))
  }
  // A blob that is needed by one of its digests stays under both.
  const targets = new Set(layers.flatMap(({ key, target }) => (needed.has(key) ? [target] : [])))
  for (const { key, target } of layers) {
    const stays = needed.has(key) || (targets.has(target) && key.includes('/_layers/sha256/'))
    if (!stays) litter.push('a link that nothing needs')
  }
  for (const { key } of await allObjects(store, BLOBS_PREFIX)) {
    const hex = key.slice(BLOBS_PREFIX.length).split('/')[2]
    if (!linked.has(`sha256:${hex}`)) litter.push('data that nothing links')
  }
  return [...litter, ...(await otherLitterIn(store))]
}

/** Keys below these are litter once nobody has done anything for long enough. */
const PASSING = [UPLOADS_PREFIX, DELETIONS_PREFIX, DELETED_REPOSITORIES_PREFIX]

/** Litter beside links and data. */
const otherLitterIn = async (store: ObjectStore): Promise<string[]> => {
  const litter: string[] = []
  for (const prefix of PASSING) {
    for (const { key } of await allObjects(store, prefix)) litter.push(`passing ${key}`)
  }
  for (const { key } of await store.listMultiparts('')) litter.push(`a multipart upload ${key}`)
  for (const { key } of await allObjects(store, ALIASES_PREFIX)) {
    const target = (await readLinkObject(store, key))?.body?.target
    if (target && (await store.head(dataKey(target))) === undefined)
      litter.push('an alias of nothing')
  }
  for (const { key } of await allObjects(store, CATALOG_PREFIX)) {
    const { objects } = await store.list(manifestsPrefix(catalogName(key)), { limit: 1 })
    if (objects.length === 0) litter.push('a repository without manifests that is listed')
  }
  for (const { key } of await allObjects(store, REFERRERS_PREFIX)) {
    const [, name = '', algorithm, hex] = REFERRER.exec(key.slice(REFERRERS_PREFIX.length)) ?? []
    const link = revisionLinkKey(name, `${algorithm}:${hex}` as Digest)
    if ((await store.head(link)) === undefined) litter.push('a referrer that is not there')
  }
  return litter
}

/** A digest's data as a test looks for it. */
export const hasData = async (store: ObjectStore, digest: Digest): Promise<boolean> =>
  (await store.head(dataKey(digest))) !== undefined
