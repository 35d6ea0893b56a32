/**
 * The bytes of repositories of a registry.
 *
 * @module
 */

import type { RepositoryUsage } from '../../registry/usage/usage.ts'
import * as z from '../../shared/schema.ts'
import { CommandError } from '../errors.ts'
import type { UsageIo } from '../ways/usage-io.ts'
import { pagesOf } from './pages.ts'
import type { RegistryIo } from './registry-io.ts'

const bytes = z.int()

const page = z.object({
  date: z.iso.datetime(),
  count: z.optional(bytes),
  pool: z.optional(z.object({ kept: bytes, condemned: bytes, reclaimable: bytes })),
  removed: z.optional(z.object({ things: bytes, bytes })),
  repositories: z.array(
    z.object({
      ...{ name: z.string(), own: bytes, shared: bytes },
      ...{ condemned: bytes, reclaimable: bytes },
    }),
  ),
})

/** The bytes of repositories of a registry. */
export const fromAfar = (io: RegistryIo): UsageIo => {
  const { registry } = io
  return {
    ...io,
    toCount: 'run slipway usage --now on its store, or wait for its clean-up',
    async readUsage() {
      const pages = pagesOf(registry, 'usage', page)
      const first = await pages.next()
      if (first.done) return undefined
      const { date, repositories, ...whole } = first.value
      return {
        ...whole,
        date: new Date(date),
        async *repositories(): AsyncGenerator<RepositoryUsage> {
          yield* repositories
          for await (const next of pages) {
            if (next.date !== date) {
              throw new CommandError(`${registry.origin} has counted anew meanwhile: try again`)
            }
            yield* next.repositories
          }
        },
      }
    },
  }
}
