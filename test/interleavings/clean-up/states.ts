/**
 * How the blob, its links and its marker may stand when requests and clean-ups meet.
 *
 * @module
 */

import { condemnLink } from '../../../functions/registry/clean-up/link-object.ts'
import { newNonce, writeMarker } from '../../../functions/registry/clean-up/marker.ts'
import { dataKey, revisionLinkKey, tagLinkKey } from '../../../functions/registry/layout.ts'
import { readLinkObject } from '../../../functions/registry/links.ts'
import { clientOf, expectStatus, type Send } from '../../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../../support/rig/push.ts'
import { createModel, type Model, type Service } from '../model.ts'
import { BLOB, IMAGE } from './actors.ts'
import type { Fact } from './facts.ts'
import { collectOnce } from './run.ts'

const DAY = 24 * 60 * 60_000

interface Making extends Model {
  /** A client of an instance with nothing in its memory. */
  client(): Promise<Send>
  pass(): void
  collect(): Promise<void>
}

const make = async (service: Service, build: (making: Making) => Promise<void>): Promise<Model> => {
  const model = createModel(service)
  const making: Making = {
    ...model,
    client: () => clientOf(model.store, { now: () => model.clock.now, cleanUp: true }),
    pass: () => {
      model.clock.now += 20 * DAY
    },
    collect: () => collectOnce(model.store),
  }
  await build(making)
  return model
}

/** A blob that no manifest needs, its link plain. */
const unneeded = async (making: Making, name = 'app'): Promise<void> => {
  await pushAtOnce(await making.client(), name, BLOB)
  making.pass()
}

const unlink = async (making: Making): Promise<void> => {
  await unneeded(making)
  const send = await making.client()
  await expectStatus(202, send(`DELETE /v2/app/blobs/${BLOB.sha256}`))
  making.pass()
}

/** Writes a marker as a run leaves it, and lets time pass. */
const mark = async (
  making: Making,
  state: 'condemned' | 'claimed' | 'gone' | 'rescued',
): Promise<void> => {
  const { store } = making
  const version = (await store.head(dataKey(BLOB.sha256)))?.version
  const doomed = state === 'condemned' || state === 'claimed'
  const marker = { state, nonce: newNonce(), ...(doomed && version ? { version } : {}) }
  await writeMarker(store, BLOB.sha256, marker, { ifNoneMatch: '*' })
  making.pass()
}

/** A manifest with its blob, deleted, and nothing that anybody could bring back. */
const deleted = async (making: Making): Promise<void> => {
  await unneeded(making)
  const send = await making.client()
  await pushManifest(send, 'app', 'v1', IMAGE)
  making.pass()
  await expectStatus(202, (await making.client())(`DELETE /v2/app/manifests/${IMAGE.sha256}`))
  making.pass()
}

/** A manifest that was pushed forty days ago, with a tag or without. */
const pushedLongAgo = async (making: Making, tag: string | undefined): Promise<void> => {
  const send = await making.client()
  await pushAtOnce(send, 'app', BLOB)
  await pushManifest(send, 'app', tag ?? IMAGE.sha256, IMAGE)
  making.pass()
  making.pass()
}

/** All states, by name. */
export const STATES = {
  'a link that nothing needs': unneeded,
  'a condemned link': async (making: Making) => {
    await unneeded(making)
    await making.collect()
    making.pass()
  },
  'a condemned link of condemned data': async (making: Making) => {
    await unneeded(making)
    await making.collect()
    await mark(making, 'condemned')
  },
  'a link of condemned data': async (making: Making) => {
    await unneeded(making)
    await mark(making, 'condemned')
  },
  'data without links': unlink,
  'condemned data': async (making: Making) => {
    await unlink(making)
    await mark(making, 'condemned')
  },
  'rescued data without links': async (making: Making) => {
    await unlink(making)
    await mark(making, 'rescued')
  },
  'claimed data': async (making: Making) => {
    await unlink(making)
    await mark(making, 'claimed')
  },
  'data that is gone': async (making: Making) => {
    await unlink(making)
    await making.store.delete([dataKey(BLOB.sha256)])
    await mark(making, 'gone')
  },
  nothing: async () => {},
  'a deleted manifest': deleted,
  'a deleted manifest that a tag says': async (making: Making) => {
    await deleted(making)
    // As a push writes it whose link came before the delete, and whose tag came after.
    await making.store.put(tagLinkKey('app', 'v2'), Buffer.from(IMAGE.sha256))
    making.pass()
  },
  'an old tag': (making: Making) => pushedLongAgo(making, 'v1'),
  'an old manifest without a tag': (making: Making) => pushedLongAgo(making, undefined),
  'a manifest that a rule condemned': async (making: Making) => {
    await pushedLongAgo(making, undefined)
    const link = await readLinkObject(making.store, revisionLinkKey('app', IMAGE.sha256))
    const times = { pushed: link!.modified.getTime(), date: making.clock.now }
    await condemnLink(making.store, link!, times)
    making.pass()
  },
} as const satisfies Record<string, (making: Making) => Promise<void>>

export type StateName = keyof typeof STATES

/** What clients were told in this state. */
export const factsOf = (name: StateName): readonly Fact[] =>
  name === 'a deleted manifest that a tag says'
    ? [
        { kind: 'tag', name: 'app', tag: 'v2' },
        { kind: 'manifest', name: 'app', content: IMAGE },
      ]
    : []

/** A store in this state. */
export const stateOf = (service: Service, name: StateName): Promise<Model> =>
  make(service, STATES[name])
