/**
 * Images of a registry, as commands work with them: by the distribution API, which any registry has. What a clean-up
 * has counted, and deletes of whole repositories, are of the admin API.
 *
 * @module
 */

import { MANIFEST_TYPES, SCHEMA1 } from '../../registry/media-types.ts'
import {
  algorithmOf,
  CANONICAL,
  type Digest,
  digestOf,
  isDigest,
} from '../../registry/reference.ts'
import type { RepositoryUsage } from '../../registry/usage/usage.ts'
import * as z from '../../shared/schema.ts'
import { TransferError } from '../../transfer/errors.ts'
import type { Reply } from '../../transfer/registry/http.ts'
import { fallbackTag } from '../../transfer/registry/referrers-tag.ts'
import { CommandError } from '../errors.ts'
import type { FoundManifest, FoundReferrer, ImagesIo } from '../ways/images-io.ts'
import { fromAfar as deletesFromAfar } from './deletes.ts'
import { pagesOf } from './pages.ts'
import type { RegistryIo } from './registry-io.ts'
import { fromAfar as usageFromAfar } from './usage.ts'

const CATALOG = 'registry:catalog:*'
const ACCEPT = [...MANIFEST_TYPES, ...SCHEMA1, '*/*'].join(', ')

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value))
const catalog = z.object({ repositories: z.nullish(z.array(z.string())) })
const tagList = z.object({ tags: z.nullish(z.array(z.string())) })
const index = z.object({
  manifests: z.nullish(
    z.array(
      z.object({
        ...{ digest, mediaType: z.string(), size: z.int() },
        artifactType: z.optional(z.string()),
      }),
    ),
  ),
})
const bytes = z.int()
const counted = z.object({
  usage: z.optional(
    z.object({
      ...{ own: bytes, shared: bytes, condemned: bytes, reclaimable: bytes },
      date: z.iso.datetime(),
    }),
  ),
})

/** What only those who administer may know, or only this registry has; undefined for others. */
const ifAllowed = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await work()
  } catch (error) {
    if (error instanceof TransferError || error instanceof CommandError) return undefined
    throw error
  }
}

const pulling = (name: string): string => `repository:${name}:pull`

/** Images of a registry. */
export const fromAfar = (io: RegistryIo): ImagesIo => {
  const { registry } = io
  const { distribution, origin, read } = registry

  /** Pages of the distribution API; none for a 404. */
  const pages = <T>(path: string, scope: string, schema: z.ZodMiniType<T>): AsyncGenerator<T> =>
    pagesOf({ ask: (at, expected) => distribution(at, expected, scope), read }, path, schema)

  const wrongBytes = (what: string): CommandError =>
    new CommandError(`${origin} sends bytes of ${what} that do not have its digest`)

  const found = (
    name: string,
    wanted: Digest | undefined,
    { headers, body }: Reply,
  ): FoundManifest => {
    const said = headers['docker-content-digest']
    const named = wanted ?? (typeof said === 'string' && isDigest(said) ? said : undefined)
    const actual = digestOf(body, named === undefined ? CANONICAL : algorithmOf(named))
    if (named !== undefined && actual !== named) throw wrongBytes(`${name}@${named}`)
    const [mediaType = ''] = (headers['content-type'] ?? '').split(';')
    return { digest: actual, mediaType: mediaType.trim(), bytes: new Uint8Array(body) }
  }

  const manifest: ImagesIo['manifest'] = async (name, reference) => {
    // It is no pull: what nobody pulls any more may go with age, though it is listed.
    const path = `${name}/manifests/${reference.tag ?? reference.digest}?look=true`
    const question = { headers: { Accept: ACCEPT } }
    const reply = await distribution(path, [200, 404], pulling(name), question)
    return reply.status === 404 ? undefined : found(name, reference.digest, reply)
  }

  /** What names a manifest as its subject where the registry does not list it: distribution-spec's fallback. */
  const byTag = async (name: string, subject: Digest): Promise<readonly FoundReferrer[]> => {
    const listed = await manifest(name, { tag: fallbackTag(subject) })
    if (listed === undefined) return []
    return read({ body: Buffer.from(listed.bytes) }, index).manifests ?? []
  }

  return {
    ...io,
    removeWhole: deletesFromAfar(io).removeWhole,
    async *repositories() {
      for await (const page of pages(`_catalog?n=1000`, CATALOG, catalog)) {
        yield* page.repositories ?? []
      }
    },
    async has(name) {
      const reply = await distribution(`${name}/tags/list?n=1`, [200, 404], pulling(name))
      return reply.status === 200
    },
    async *tags(name, last) {
      const query = new URLSearchParams({ n: '1000', ...(last === undefined ? {} : { last }) })
      for await (const page of pages(`${name}/tags/list?${query}`, pulling(name), tagList)) {
        yield* page.tags ?? []
      }
    },
    manifest,
    async blob(name, wanted, limit) {
      const reply = await distribution(`${name}/blobs/${wanted}`, [200, 404], pulling(name))
      if (reply.status === 404 || reply.body.byteLength > limit) return undefined
      if (digestOf(reply.body, algorithmOf(wanted)) !== wanted) throw wrongBytes(wanted)
      return new Uint8Array(reply.body)
    },
    async *referrers(name, subject) {
      let lists = false
      const path = `${name}/referrers/${subject}`
      for await (const page of pages(path, pulling(name), index)) {
        lists = true
        yield* page.manifests ?? []
      }
      if (!lists) yield* await byTag(name, subject)
    },
    sizes: () =>
      ifAllowed(async () => {
        const usage = await usageFromAfar(io).readUsage()
        if (usage === undefined) return undefined
        const all = new Map<string, RepositoryUsage>()
        for await (const each of usage.repositories()) all.set(each.name, each)
        return all
      }),
    usageOf: (name) =>
      ifAllowed(async () => {
        const { usage } = await registry.json(`repositories/${name}`, counted)
        return usage && { ...usage, date: new Date(usage.date) }
      }),
    async setTag(name, tag, image, { override, from }) {
      const conditions: Record<string, string> =
        from === null ? { 'If-None-Match': '*' } : from ? { 'If-Match': `"${from}"` } : {}
      await distribution(
        `${name}/manifests/${tag}${override ? '' : '?override=false'}`,
        [201],
        `repository:${name}:pull,push`,
        {
          method: 'PUT',
          headers: { 'Content-Type': image.mediaType, ...conditions },
          body: image.bytes,
        },
      )
    },
    async removeTag(name, tag, { override }) {
      await distribution(
        `${name}/manifests/${tag}${override ? '' : '?override=false'}`,
        [202],
        `repository:${name}:delete`,
        { method: 'DELETE' },
      )
    },
  }
}
