/**
 * The rules of deletes, undeletes and releases, each broken once, for the explorer to find.
 *
 * @module
 */
import { parseMarker } from '../../../functions/registry/clean-up/marker.ts'
import { collector, deleteManifest, IMAGE, inTurn, landing, later, look, mount } from './actors.ts'
import { releaseAll, undeleteTag } from './operations/administration.ts'
import { deleteThenPush } from './operations/gaps.ts'
import type { Actor } from './run.ts'
import { bytesOf, isMarker, type WriterRule } from './writer-rules.ts'

/** A pull by digest of a manifest that a tag says. */
const mustPull: Actor = {
  title: 'pull by digest',
  async run(world) {
    const { status } = await world.send(`GET /v2/app/manifests/${IMAGE.sha256}`)
    if (status !== 200) world.wrong(`a pull of what a tag says is ${status}`)
  },
}

export const FURTHER_RULES: readonly WriterRule[] = [
  {
    title: '9: a deleted link has its reader look for a tag',
    spoil: (store) => ({
      ...store,
      list: async (prefix, options) => {
        const page = await store.list(prefix, options)
        return prefix.endsWith('/_manifests/tags/') ? { ...page, objects: [] } : page
      },
    }),
    meetings: [{ state: 'a deleted manifest that a tag says', actors: [mustPull, look('app')] }],
    shows: /a pull of what a tag says is 404/,
  },
  {
    title: '10: an undelete is bounded as requests are',
    spoil: (store) => ({
      ...store,
      put: (key, body, { inTime: _, ...options } = {}) => store.put(key, body, options),
    }),
    meetings: [
      {
        state: 'a deleted tag',
        actors: [
          undeleteTag,
          inTurn(deleteManifest('app'), later, collector(), later, collector('again')),
        ],
      },
    ],
    shows: /a tag without a manifest/,
  },
  {
    title: '11: a release leaves markers of what has just gone',
    spoil: (store) => ({
      ...store,
      async get(key, range) {
        const read = await store.get(key, range)
        const gone = isMarker(key) && read && parseMarker(bytesOf(read))?.state === 'gone'
        return gone ? { ...read, info: { ...read.info, modified: new Date(0) } } : read
      },
    }),
    meetings: [
      {
        state: 'condemned data',
        actors: [mount('other', undefined), inTurn(collector(), releaseAll)],
      },
    ],
    shows: /link without data/,
  },
  {
    title: '12: a delete without an answer is not sent again',
    losesDeletes: true,
    spoil: (store) => ({
      ...store,
      deleteIf: (key, etag) => store.deleteIf(key, etag).catch(() => store.deleteIf(key, etag)),
    }),
    meetings: [{ state: 'an old tag', actors: [deleteThenPush, landing] }],
    shows: /lost: app:v1/,
  },
]
