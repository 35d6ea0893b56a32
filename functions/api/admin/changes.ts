/**
 * Who has changed documents and accounts: /api/v1/changes
 *
 * @module
 */

import { readChanges } from '../../auth/changes.ts'
import * as z from '../../shared/schema.ts'
import type { Operation } from './operation.ts'

const list: Operation = {
  id: 'listChanges',
  method: 'GET',
  path: '/api/v1/changes',
  summary: 'Who has changed documents and accounts, and when',
  responses: {
    200: {
      description: 'The last 500 changes, the latest last.',
      content: {
        'application/json': z.object({
          changes: z.array(
            z.object({
              at: z.iso.datetime(),
              document: z.string(),
              by: z.string(),
              /** Of the text that was written. */
              sha256: z.string(),
            }),
          ),
        }),
      },
    },
  },
  right: 'all',
  run: async ({ c, desk }) => c.json({ changes: await readChanges(desk.store) }),
}

/** Operations on changes. */
export const CHANGE_OPERATIONS: readonly Operation[] = [list]
