/**
 * The rules on what is left over beside links and data, each broken once, for the explorer to find.
 *
 * @module
 */
import {
  ALIASES_PREFIX,
  CATALOG_PREFIX,
  REFERRERS_PREFIX,
} from '../../../functions/registry/layout.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { BLOB, inTurn, pushManifest, sweeper } from './actors.ts'
import { inOnePut } from './operations/blobs.ts'
import { put, SIGNATURE } from './operations/manifests.ts'
import type { Rule } from './spoilers.ts'

/** Deletes without a condition. */
const unconditional =
  (prefix: string) =>
  (store: ObjectStore): ObjectStore => ({
    ...store,
    deleteIf: (key, etag) =>
      key.startsWith(prefix) ? store.delete([key]) : store.deleteIf(key, etag),
  })

const SIGN = put({ title: 'push of a referrer', to: SIGNATURE.sha256, content: SIGNATURE })

export const LITTER_RULES: readonly Rule[] = [
  {
    title: 'L: marks of the catalog go by their version',
    meeting: { state: 'condemned litter', actors: [pushManifest('app'), sweeper] },
    spoil: unconditional(CATALOG_PREFIX),
    shows: /is in no catalog/,
  },
  {
    title: 'L: a condemned mark stays for the grace',
    meeting: { state: 'litter', actors: [pushManifest('app'), inTurn(sweeper, sweeper)] },
    times: { grace: -2000 },
    shows: /is in no catalog/,
  },
  {
    title: 'L: places in lists of referrers go by their version',
    meeting: { state: 'condemned litter', actors: [SIGN, sweeper] },
    spoil: unconditional(REFERRERS_PREFIX),
    shows: /is no referrer/,
  },
  {
    title: 'L: a condemned place stays for the grace',
    meeting: { state: 'litter', actors: [SIGN, inTurn(sweeper, sweeper)] },
    times: { grace: -2000 },
    shows: /is no referrer/,
  },
  {
    title: 'L: aliases go by their version',
    meeting: {
      state: 'litter',
      actors: [inOnePut('upload by sha512', BLOB, BLOB.sha512), sweeper],
    },
    spoil: unconditional(ALIASES_PREFIX),
    shows: /lost: anywhere in app/,
  },
]
