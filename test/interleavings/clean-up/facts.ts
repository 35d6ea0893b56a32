/**
 * What must hold of a registry beside clean-ups, whatever their order: what clients were told stays true.
 *
 * @module
 */

import { needsOf } from '../../../functions/registry/clean-up/needs.ts'
import {
  BLOBS_PREFIX,
  CONDEMNED_PREFIX,
  dataKey,
  layerLinkKey,
  REPOSITORIES_PREFIX,
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
  /** The tag is there, whatever it says. */
  | { readonly kind: 'tag'; readonly name: string; readonly tag: string }

const titleOf = (fact: Fact): string =>
  fact.kind === 'tag' ? `${fact.name}:${fact.tag}` : `${fact.kind} in ${fact.name}`

/** Whether a fact still holds. @returns what is wrong */
export const brokenBy = async (send: Send, fact: Fact): Promise<string | undefined> => {
  const has = async (path: string): Promise<boolean> =>
    (await send(`GET /v2/${fact.name}/${path}`)).status === 200
  const lost = `lost: ${titleOf(fact)}`
  if (fact.kind === 'tag') return (await has(`manifests/${fact.tag}`)) ? undefined : lost
  const { sha256, bytes } = fact.content
  if (fact.kind === 'blob') return (await has(`blobs/${sha256}`)) ? undefined : lost
  if (!(await has(`manifests/${sha256}`))) return lost
  for (const digest of needsOf(bytes)?.digests ?? []) {
    if (!(await has(`blobs/${digest}`))) return `${lost} lacks a blob`
  }
  return undefined
}

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

/** What is left over when clean-ups have run for long enough, and nobody else has. */
export const litterIn = async (store: ObjectStore): Promise<string[]> => {
  const litter: string[] = []
  const linked = new Set<string>()
  const needed = new Set<string>()
  for (const { key } of await allObjects(store, CONDEMNED_PREFIX)) litter.push(`a marker ${key}`)
  for (const { key, size } of await allObjects(store, REPOSITORIES_PREFIX)) {
    const [, name = '', kind, algorithm, hex] =
      LINK.exec(key.slice(REPOSITORIES_PREFIX.length)) ?? []
    const digest = `${algorithm}:${hex}`
    if (key.includes('/_manifests/tags/') && size !== 71) litter.push('a tag that is not plain')
    if (kind === undefined || !isDigest(digest)) continue
    linked.add(digest)
    if (size !== digest.length) litter.push(`a link that is not plain ${kind}`)
    if (kind === '_layers') continue
    const read = await store.get(dataKey(digest))
    const needs = read && needsOf(await readAll(read.body, 1 << 20))
    for (const each of needs?.digests ?? []) needed.add(layerLinkKey(name, each))
  }
  for (const { key } of await allObjects(store, REPOSITORIES_PREFIX)) {
    if (key.includes('/_layers/') && !needed.has(key)) litter.push('a link that nothing needs')
  }
  for (const { key } of await allObjects(store, BLOBS_PREFIX)) {
    const hex = key.slice(BLOBS_PREFIX.length).split('/')[2]
    if (!linked.has(`sha256:${hex}`)) litter.push('data that nothing links')
  }
  return litter
}

/** A digest's data as a test looks for it. */
export const hasData = async (store: ObjectStore, digest: Digest): Promise<boolean> =>
  (await store.head(dataKey(digest))) !== undefined
