/**
 * Deletes in a registry, as commands work with them.
 *
 * @module
 */

import type { Deletion } from '../../registry/deleted/deletions.ts'
import { type Digest, isDigest } from '../../registry/reference.ts'
import * as z from '../../shared/schema.ts'
import type { DeletesIo, DeletesOf } from '../ways/deletes-io.ts'
import { withJson } from './ask-json.ts'
import { pagesOf } from './pages.ts'
import type { RegistryIo } from './registry-io.ts'

/** Milliseconds. */
const DAY = 24 * 60 * 60_000

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value))
const text = z.optional(z.string())
const date = z.iso.datetime()
const whole = z.object({ id: z.string(), at: date, by: text, pending: z.boolean() })

const listed = z.object({ repositories: z.array(z.object({ name: z.string() })) })

const deletesOf = z.object({
  name: z.string(),
  whole: z.array(whole),
  deletes: z.array(
    z.object({
      ...{ id: z.string(), at: date, by: text, rule: text, digest, tag: text },
      tags: z.optional(z.array(z.string())),
      isThere: z.boolean(),
    }),
  ),
})

const kept = z.array(z.string())
const back = z.object({ digest, manifests: z.int(), restored: z.array(z.string()), kept })
const allBack = z.object({
  ...{ at: date, manifests: z.int(), tags: z.int(), kept },
  lost: z.array(digest),
})

const removed = z.object({
  deletedAt: date,
  undeletableUntil: z.optional(date),
  deleted: z.int(),
  remaining: z.boolean(),
  overridden: z.array(z.object({ tag: z.string(), was: digest })),
})

/** What a delete is about. */
const subjectOf = ({ tag, digest: of }: Pick<Deletion, 'tag' | 'digest'>): string => tag ?? of

/** Deletes in a registry. */
export const fromAfar = (io: RegistryIo): DeletesIo => {
  const { registry } = io
  const read = async (name: string): Promise<DeletesOf> => {
    const pages: z.output<typeof deletesOf>[] = []
    for await (const page of pagesOf(registry, `deleted/${name}`, deletesOf)) pages.push(page)
    const deletes = pages.flatMap((page) => page.deletes)
    const there = new Set(deletes.filter(({ isThere }) => isThere).map(subjectOf))
    const deletions = deletes.map(({ at, isThere: _, ...rest }) => ({ ...rest, at: new Date(at) }))
    // The first page has them.
    const all = (pages[0]?.whole ?? []).map(({ id, at, by, pending }) => {
      const state: 'pending' | 'done' = pending ? 'pending' : 'done'
      return { id, at: Date.parse(at), by, state }
    })
    const areThere: DeletesOf['areThere'] = async (some) =>
      some.map((each) => there.has(subjectOf(each)))
    return { name, whole: all, deletions, areThere }
  }
  return {
    ...io,
    async *allWhole() {
      const { repositories } = await registry.json('deleted', listed)
      for (const { name } of repositories) yield read(name)
    },
    deletesOf: read,
    async undelete(name, reference) {
      const question = withJson('POST', { repository: name, ...reference })
      const { manifests, restored, ...rest } = await registry.json('undelete', back, question)
      return { ...rest, manifest: manifests > 0, tags: restored }
    },
    async undeleteWhole(name) {
      const { at, ...rest } = await registry.json(
        'undelete',
        allBack,
        withJson('POST', { repository: name }),
      )
      return { ...rest, at: new Date(at) }
    },
    async removeWhole(name, override) {
      const path = `repositories/${name}?override=${override}`
      const scope = `repository:${name}:delete`
      const found = await registry.json(path, removed, { method: 'DELETE', scope })
      const { deletedAt, undeletableUntil = deletedAt, ...rest } = found
      const days = Math.round((Date.parse(undeletableUntil) - Date.parse(deletedAt)) / DAY)
      return { ...rest, at: new Date(deletedAt), days }
    },
  }
}
