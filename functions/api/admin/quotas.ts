/**
 * Quotas, and how much of them is used: /api/v1/quotas
 *
 * @module
 */

import { quotaUse } from '../../registry/quotas/use.ts'
import * as z from '../../shared/schema.ts'
import type { Operation } from './operation.ts'

const bytes = z.int().check(z.nonnegative())

const list: Operation = {
  id: 'listQuotas',
  method: 'GET',
  path: '/api/v1/quotas',
  summary: 'Quotas, and how much of them is used',
  description:
    'The document quotas sets them. What was pushed since a quota was counted is added: `used` may be too much, never too little, until the next clean-up counts again.',
  responses: {
    200: {
      description:
        'In their order: a repository counts in the first that matches it. Without `counted`, only what was pushed since it was set is known.',
      content: {
        'application/json': z.object({
          quotas: z.array(
            z.object({
              repositories: z.string(),
              used: bytes,
              soft: z.optional(bytes),
              hard: z.optional(bytes),
              counted: z.optional(z.iso.datetime()),
              id: z.string(),
            }),
          ),
        }),
      },
    },
  },
  right: 'all',
  run: async ({ c, desk }) => c.json({ quotas: await quotaUse(desk.store) }),
}

/** Operations on quotas. */
export const QUOTA_OPERATIONS: readonly Operation[] = [list]
