/**
 * Listings: tags and referrers.
 *
 * @module
 */

import { OCI_INDEX } from '../../../registry/media-types.ts'
import { type Check, firstWrong } from '../check.ts'
import { manifestOf, referrerOf } from '../content.ts'
import { jsonOf } from '../credentials.ts'

const TAGS = ['list-1', 'list-2', 'list-3']

/** Checks of lists. */
export const listingChecks: readonly Check[] = [
  {
    id: 'tags',
    asks: 'tags/list in pages of 2, following Link',
    advice: 'check what is in front: it changes the query or drops Link',
    run: async (session) => {
      const { config } = await session.image()
      const manifest = manifestOf(config, [], { annotations: { for: 'tags' } })
      for (const tag of TAGS) await session.pushManifest(tag, manifest)
      const found: string[] = []
      let path = 'tags/list?n=2&last=list-'
      let pages = 0
      for (; path !== '' && pages < 5; pages += 1) {
        const reply = await session.ask('GET', path)
        const { tags = [] } = (jsonOf(reply) ?? {}) as { tags?: string[] }
        if (reply.status !== 200)
          return { seen: `${reply.status}`, wrong: 'there is no list (expected 200)' }
        found.push(...tags)
        path = reply.headers.get('Link')?.match(/^<([^>]+)>; rel="next"$/)?.[1] ?? ''
      }
      const listed = found.filter((tag) => tag.startsWith('list-'))
      return {
        seen: `${found.length} tags on ${pages} pages`,
        wrong: firstWrong(
          [pages > 1, 'there is no Link to the next page: clients see the first one only'],
          [listed.join() === TAGS.join(), `it lists ${listed.join(', ') || 'nothing'}`],
        ),
      }
    },
  },
  {
    id: 'referrers',
    asks: 'push of a signature, and the referrers of the image',
    advice: 'check the log; clients fall back to tags made of digests',
    run: async (session) => {
      const { config, manifest } = await session.image()
      const referrer = referrerOf(config, manifest)
      const { headers } = await session.pushManifest(referrer.digest, referrer)
      const reply = await session.ask('GET', `referrers/${manifest.digest}`)
      const { manifests = [] } = (jsonOf(reply) ?? {}) as { manifests?: { digest: string }[] }
      const type = reply.headers.get('Content-Type')
      return {
        seen: `${reply.status}, ${manifests.length} listed`,
        wrong: firstWrong(
          [headers.get('OCI-Subject') === manifest.digest, 'there is no OCI-Subject'],
          [reply.status === 200, 'there is no list (expected 200)'],
          [type === OCI_INDEX, `its type is ${type}, which oras refuses`],
          [manifests.some(({ digest }) => digest === referrer.digest), 'it is not in the list'],
        ),
      }
    },
  },
]
