/**
 * What a quota should say, by a naive look at everything.
 *
 * @module
 */
import { needsOf } from '../../../functions/registry/clean-up/needs.ts'
import { unreported } from '../../../functions/registry/damage.ts'
import {
  dataKey,
  layerLinkKey,
  REPOSITORIES_PREFIX,
  tagsPrefix,
} from '../../../functions/registry/layout.ts'
import { readLink, readLinkObject, readStoredLink } from '../../../functions/registry/links.ts'
import { bytesIn } from '../../../functions/registry/quotas/counter.ts'
import { readCount } from '../../../functions/registry/quotas/ledger.ts'
import { parseQuotas } from '../../../functions/registry/quotas/parse.ts'
import type { Quota, Quotas } from '../../../functions/registry/quotas/quotas.ts'
import { readAll } from '../../../functions/storage/bytes.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { allObjects } from '../../support/rig/invariants.ts'

/** Quotas as they are written. */
export const quotasOf = (
  ...quotas: { readonly repositories: string[]; readonly hard?: string; readonly soft?: string }[]
): { readonly text: string; readonly quotas: Quotas } => {
  const text = JSON.stringify({ version: 1, quotas })
  return { text, quotas: parseQuotas(text) }
}

/** Bytes of a quota as the registry counts them. */
export const countedBy = async (store: ObjectStore, quota: Quota): Promise<number> =>
  bytesIn((await readCount(store, quota.id)).count)

const REVISION = /^(.+)\/_manifests\/revisions\/([a-z0-9]+)\/([0-9a-f]+)\/link$/

/** Whether a deleted manifest is there all the same, since a tag says so that was set since. */
const isKept = async (store: ObjectStore, key: string, name: string): Promise<boolean> => {
  const deleted = (await readStoredLink(store, key, unreported))?.deleted
  for (const tag of await allObjects(store, tagsPrefix(name))) {
    const link = await readLink(store, tag.key)
    if (deleted && link?.target === deleted.target && tag.modified >= deleted.since) return true
  }
  return false
}

/** Bytes of all that manifests link in the repositories of each quota, each blob once. */
export const truthOf = async (
  store: ObjectStore,
  { of }: Quotas,
): Promise<ReadonlyMap<Quota, number>> => {
  const linked = new Map<Quota, Map<string, number>>()
  const add = async (quota: Quota, target: string): Promise<void> => {
    const all = linked.get(quota) ?? new Map<string, number>()
    all.set(target, (await store.head(dataKey(target)))?.size ?? 0)
    linked.set(quota, all)
  }
  for (const { key } of await allObjects(store, REPOSITORIES_PREFIX)) {
    const [, name = ''] = REVISION.exec(key.slice(REPOSITORIES_PREFIX.length)) ?? []
    const quota = of(name)
    if (quota === undefined) continue
    const body = (await readLinkObject(store, key))?.body
    if (body === undefined) continue
    if (body.deletedWithin !== undefined && !(await isKept(store, key, name))) continue
    await add(quota, body.target)
    const read = await store.get(dataKey(body.target))
    const needs = read && needsOf(await readAll(read.body, 1 << 22))
    for (const each of needs?.digests ?? []) {
      const link = await readLinkObject(store, layerLinkKey(name, each))
      if (link?.body !== undefined) await add(quota, link.body.target)
    }
  }
  return new Map(
    [...linked].map(([quota, all]) => [quota, [...all.values()].reduce((a, b) => a + b, 0)]),
  )
}
