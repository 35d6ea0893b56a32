/**
 * What comes from upstreams, in a registry, which itself asks them.
 *
 * @module
 */

import { readDocument } from '../../auth/document.ts'
import { UPSTREAMS_KEY } from '../../registry/layout.ts'
import { type Digest, isDigest } from '../../registry/reference.ts'
import * as z from '../../shared/schema.ts'
import type { UpstreamsIo } from '../ways/upstreams-io.ts'
import { withJson } from './ask-json.ts'
import { fromAfar as deletesFromAfar } from './deletes.ts'
import { documentsOf } from './document-store.ts'
import { pagesOf } from './pages.ts'
import type { RegistryIo } from './registry-io.ts'

const digest = z.optional(z.custom<Digest>((value) => typeof value === 'string' && isDigest(value)))

const names = z.object({ repositories: z.array(z.string()) })

const refreshed = z.object({
  refreshed: z.array(
    z.object({
      reference: z.string(),
      digest,
      was: digest,
      failure: z.optional(z.string()),
    }),
  ),
  next: z.optional(z.string()),
})

/** In a registry. */
export const fromAfar = (io: RegistryIo): UpstreamsIo => {
  const { registry } = io
  const documents = documentsOf(registry)
  return {
    ...io,
    removeWhole: deletesFromAfar(io).removeWhole,
    document: () => readDocument(documents, UPSTREAMS_KEY),
    async *repositories() {
      for await (const page of pagesOf(registry, 'repositories', names)) yield* page.repositories
    },
    async *refresh(repository, reference) {
      let last: string | undefined
      do {
        const question = withJson('POST', { repository, ...reference, last })
        const page = await registry.json('upstreams/refresh', refreshed, question)
        yield* page.refreshed
        last = page.next
      } while (last !== undefined)
    },
    // The clean-up does.
    forget: async () => {},
  }
}
