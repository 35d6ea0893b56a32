/**
 * Removes what is recorded of the pulls of manifests that are gone.
 *
 * @module
 */

import { listPages } from '../../storage/pages.ts'
import type { ListedObject, ObjectStore } from '../../storage/store.ts'
import { PULLED_PREFIX, pulledOf, revisionOf, revisionsPrefix } from '../layout.ts'
import { BEHIND } from './bounds.ts'

/** Keys in one delete. */
const BATCH = 1000

/** Looks for manifests of one repository; asked in byte order of digests. */
interface Looking {
  readonly name: string
  has(digest: string): Promise<boolean>
}

const lookInto = (store: ObjectStore, name: string): Looking => {
  const pages = listPages(store, revisionsPrefix(name))
  let page: ListedObject[] = []
  let at = 0
  /** The digest of the next link; undefined at the end. */
  const next = async (): Promise<string | undefined> => {
    for (;;) {
      const object = page[at]
      if (object === undefined) {
        const more = await pages.next()
        if (more.done) return undefined
        page = [...more.value]
        at = 0
        continue
      }
      const digest = revisionOf(name, object.key)
      if (digest !== undefined) return digest
      at += 1
    }
  }
  return {
    name,
    async has(digest) {
      for (let link = await next(); link !== undefined; link = await next()) {
        if (link >= digest) return link === digest
        at += 1
      }
      return false
    },
  }
}

/**
 * Removes records of manifests whose links are gone, unless they are young: a link may have been written since.
 * Links and records are listed side by side, 1000 an operation.
 *
 * @param now milliseconds
 * @returns how many records went
 */
export const sweepPulls = async (store: ObjectStore, now: number): Promise<number> => {
  let looking: Looking | undefined
  let stale: string[] = []
  let count = 0
  const remove = async (): Promise<void> => {
    if (stale.length > 0) await store.delete(stale)
    count += stale.length
    stale = []
  }
  for await (const page of listPages(store, PULLED_PREFIX)) {
    for (const { key, modified } of page) {
      const pull = pulledOf(key)
      if (pull === undefined || modified.getTime() > now - 2 * BEHIND) continue
      if (looking?.name !== pull.name) looking = lookInto(store, pull.name)
      if (!(await looking.has(pull.digest))) stale.push(key)
      if (stale.length >= BATCH) await remove()
    }
  }
  await remove()
  return count
}
