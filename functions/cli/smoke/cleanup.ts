/**
 * The last check: what was pushed is deleted.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import { type Check, firstWrong } from './check.ts'
import { jsonOf } from './credentials.ts'

const listed = z.object({ tags: z.nullish(z.array(z.string())) })

/** Deletes what the other checks pushed. */
export const cleanupCheck: Check = {
  id: 'delete',
  asks: 'DELETE of all that was pushed here',
  advice: 'let the user delete (docs/access.md), and delete the repository of this run',
  run: async (session) => {
    const { manifests, blobs } = session.pushed
    const paths = [
      ...[...manifests].map((digest) => `manifests/${digest}`),
      ...[...blobs].map((digest) => `blobs/${digest}`),
    ]
    const refused: string[] = []
    for (const path of paths) {
      const { status } = await session.ask('DELETE', path)
      if (status !== 202) refused.push(`${status} for ${path}`)
    }
    const left = await session.ask('GET', 'tags/list')
    const list = listed.safeParse(left.status === 200 ? jsonOf(left) : {}).data
    const tags = list?.tags ?? []
    return {
      seen: `${manifests.size} manifests, ${blobs.size} blobs`,
      wrong: firstWrong(
        [refused.length === 0, `not deleted: ${refused[0]} and ${refused.length - 1} more`],
        [list !== undefined, 'tags/list is 200, and no list of tags'],
        [tags.length === 0, `tags are left: ${tags.join(', ')}`],
      ),
    }
  },
}
