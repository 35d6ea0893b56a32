/**
 * Quotas of a registry, as commands work with them.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import type { QuotasIo } from '../ways/quotas-io.ts'
import { fromAfar as documentsFromAfar } from './documents.ts'
import type { RegistryIo } from './registry-io.ts'

const bytes = z.optional(z.int())

const listed = z.object({
  quotas: z.array(
    z.object({
      ...{ repositories: z.string(), used: z.int(), soft: bytes, hard: bytes },
      ...{ counted: z.optional(z.string()), id: z.string() },
    }),
  ),
})

/** Quotas of a registry. */
export const fromAfar = (io: RegistryIo): QuotasIo => ({
  ...documentsFromAfar(io),
  async quotaUse() {
    const { quotas } = await io.registry.json('quotas', listed)
    // In the order in which --json prints them.
    return quotas.map(({ repositories, used, soft, hard, counted, id }) => {
      return { repositories, used, soft, hard, counted, id }
    })
  },
})
