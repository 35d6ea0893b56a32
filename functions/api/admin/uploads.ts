/**
 * Uploads in progress: /api/v1/uploads
 *
 * @module
 */

import { listStaged } from '../../registry/uploads/staged.ts'
import * as z from '../../shared/schema.ts'
import type { Operation } from './operation.ts'

const list: Operation = {
  id: 'listUploads',
  method: 'GET',
  path: '/api/v1/uploads',
  summary: 'What is staged of unfinished uploads',
  description:
    'The registry keeps no record of uploads: this is what lies in the store, also of those that were given up: objects, and parts of multipart uploads. At most 1000 uploads, of the first 20,000 objects and the 200 oldest multipart uploads. The id of one that is written to where its blob will be is the digest.',
  responses: {
    200: {
      description: 'Uploads, the largest first.',
      content: {
        'application/json': z.object({
          uploads: z.array(
            z.object({
              id: z.string(),
              bytes: z.int(),
              /** Objects and parts. */
              objects: z.int(),
              /** When its oldest object was written or its multipart upload began, and the latest of these. */
              since: z.iso.datetime(),
              latest: z.iso.datetime(),
            }),
          ),
          complete: z.boolean(),
        }),
      },
    },
  },
  right: 'all',
  async run({ c, desk }) {
    const { uploads, complete } = await listStaged(desk.store)
    return c.json({
      uploads: uploads.map(({ since, latest, ...rest }) => ({
        ...rest,
        since: since.toISOString(),
        latest: latest.toISOString(),
      })),
      complete,
    })
  },
}

/** Operations on uploads. */
export const UPLOAD_OPERATIONS: readonly Operation[] = [list]
