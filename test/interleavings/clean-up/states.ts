/**
 * How the blob, its links and its marker may stand when requests and clean-ups meet.
 *
 * @module
 */

import { raiseFence } from '../../../functions/registry/clean-up/fence.ts'
import { condemnLink } from '../../../functions/registry/clean-up/link-object.ts'
import { newNonce, writeMarker } from '../../../functions/registry/clean-up/marker.ts'
import {
  aliasKey,
  catalogKey,
  cleanUpKey,
  dataKey,
  referrerKey,
  revisionLinkKey,
  tagLinkKey,
  tagPrefix,
} from '../../../functions/registry/layout.ts'
import { readLinkObject } from '../../../functions/registry/links.ts'
import { OCI_INDEX } from '../../../functions/registry/media-types.ts'
import { recordPulls } from '../../../functions/registry/pulls/record.ts'
import type { Digest } from '../../../functions/registry/reference.ts'
import { expectStatus, locationOf, type Send } from '../../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../../support/rig/push.ts'
import { createModel, type Model, type Service } from '../model.ts'
import { LAYER } from '../work.ts'
import { BLOB, IMAGE } from './actors.ts'
import { collectLitter, collectOnce } from './collecting.ts'
import type { Fact } from './facts.ts'
import { LARGE } from './operations/blobs.ts'
import { LIST, NESTED, OTHER, SIGNATURE } from './operations/manifests.ts'
import { newClient } from './run.ts'

const DAY = 24 * 60 * 60_000

export interface Making extends Model {
  /** A client of an instance with nothing in its memory. */
  client(): Promise<Send>
  pass(): void
  collect(): Promise<void>
}

/** A store as it is built. */
export const make = async (
  service: Service,
  build: (making: Making) => Promise<void>,
): Promise<Model> => {
  const model = createModel(service)
  const making: Making = {
    ...model,
    client: () => newClient(model.store, model),
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
  digest: Digest = BLOB.sha256,
): Promise<void> => {
  const { store } = making
  const version = (await store.head(dataKey(digest)))?.version
  const doomed = state === 'condemned' || state === 'claimed'
  const marker = { state, nonce: newNonce(), ...(doomed && version ? { version } : {}) }
  await writeMarker(store, digest, marker, { ifNoneMatch: '*' })
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

/** The image's own bytes, which no repository links; the blob has its link. */
const manifestData = async (
  making: Making,
  state?: 'condemned' | 'claimed' | 'gone',
): Promise<void> => {
  const { store } = making
  await unneeded(making)
  const send = await making.client()
  await pushManifest(send, 'app', IMAGE.sha256, IMAGE)
  making.pass()
  await store.delete([revisionLinkKey('app', IMAGE.sha256)])
  if (state === 'gone') await store.delete([dataKey(IMAGE.sha256)])
  if (state) await mark(making, state, IMAGE.sha256)
}

/** A blob of many parts, in the pool alone. */
const large = async (making: Making, state: 'condemned' | 'claimed' | 'gone'): Promise<void> => {
  const { store } = making
  if (state !== 'gone') await store.put(dataKey(LARGE.sha256), LARGE.bytes)
  making.pass()
  await mark(making, state, LARGE.sha256)
}

/** A blob under both of its digests, which no manifest needs. */
const twofold = async (making: Making): Promise<void> => {
  const send = await making.client()
  const path = `POST /v2/app/blobs/uploads/?digest=${BLOB.sha512}`
  await expectStatus(201, send(path, BLOB.bytes))
  making.pass()
}

/** All kinds of litter, old; what refers to the image that is not there, is not there. */
const litter = async (making: Making): Promise<void> => {
  const { store, clock } = making
  const send = await making.client()
  await pushAtOnce(send, 'app', BLOB)
  await pushManifest(send, 'app', SIGNATURE.sha256, SIGNATURE)
  await expectStatus(202, send(`DELETE /v2/app/manifests/${SIGNATURE.sha256}`))
  await recordPulls(store, [{ repository: 'app', digest: IMAGE.sha256 }], clock.now)
  await store.put(aliasKey(BLOB.sha512), Buffer.from(LARGE.sha256))
  const begun = await expectStatus(202, send('POST /v2/app/blobs/uploads/'))
  await expectStatus(202, send(`PATCH ${locationOf(begun)}`, BLOB.bytes))
  await store.createMultipart(dataKey(BLOB.sha256), BLOB.bytes.length, true)
  await store.delete([revisionLinkKey('app', SIGNATURE.sha256)])
  await store.put(cleanUpKey('run-dead/1'), BLOB.bytes)
  await raiseFence(store)
  making.pass()
}

/** What `slipway check` mends: the mark of a repository, and the link of a manifest that a tag leads to. */
const mistakes = async (making: Making): Promise<void> => {
  const { store } = making
  await pushedLongAgo(making, 'v1')
  const send = await making.client()
  await pushManifest(send, 'app', 'sign', SIGNATURE)
  await store.put(tagLinkKey('app', 'bare'), Buffer.from(OTHER.sha256))
  await store.put(catalogKey('nothing'), new Uint8Array())
  await store.delete([
    catalogKey('app'),
    revisionLinkKey('app', IMAGE.sha256),
    referrerKey('app', IMAGE.sha256, SIGNATURE.sha256),
  ])
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
  'data of a manifest without links': (making: Making) => manifestData(making),
  'condemned data of a manifest': (making: Making) => manifestData(making, 'condemned'),
  'claimed data of a manifest': (making: Making) => manifestData(making, 'claimed'),
  'data of a manifest that is gone': (making: Making) => manifestData(making, 'gone'),
  'condemned large data': (making: Making) => large(making, 'condemned'),
  'claimed large data': (making: Making) => large(making, 'claimed'),
  'large data that is gone': (making: Making) => large(making, 'gone'),
  'links under two digests': twofold,
  'condemned links under two digests': async (making: Making) => {
    await twofold(making)
    await making.collect()
    making.pass()
  },
  litter,
  'condemned litter': async (making: Making) => {
    await litter(making)
    await collectLitter(making.store)
    making.pass()
  },
  'condemned links of two blobs': async (making: Making) => {
    const send = await making.client()
    await pushAtOnce(send, 'app', BLOB)
    await pushAtOnce(send, 'app', LAYER)
    making.pass()
    await making.collect()
    making.pass()
  },
  'an old index of an index': async (making: Making) => {
    const send = await making.client()
    await pushAtOnce(send, 'app', BLOB)
    await pushManifest(send, 'app', IMAGE.sha256, IMAGE)
    await pushManifest(send, 'app', LIST.sha256, LIST, OCI_INDEX)
    await pushManifest(send, 'app', NESTED.sha256, NESTED, OCI_INDEX)
    making.pass()
    making.pass()
  },
  'mistakes to be mended': mistakes,
  'a tag with a past': async (making: Making) => {
    await pushedLongAgo(making, 'v1')
    const past = `${tagPrefix('app', 'v1')}index/${IMAGE.sha256.replace(':', '/')}/link`
    await making.store.put(past, Buffer.from(IMAGE.sha256))
    making.pass()
  },
  'a condemned tag that is immutable': async (making: Making) => {
    const { store, clock } = making
    await pushedLongAgo(making, 'frozen')
    const link = await readLinkObject(store, tagLinkKey('app', 'frozen'))
    const times = { pushed: link!.modified.getTime(), date: clock.now }
    await condemnLink(store, link!, times)
    making.pass()
  },
  'a damaged tag': async (making: Making) => {
    await pushedLongAgo(making, 'v1')
    await making.store.put(tagLinkKey('app', 'v1'), Buffer.from('damaged'))
    making.pass()
  },
  'a deleted tag': async (making: Making) => {
    await pushedLongAgo(making, 'v1')
    await expectStatus(202, (await making.client())('DELETE /v2/app/manifests/v1'))
    making.pass()
  },
  'a manifest that was just deleted': async (making: Making) => {
    await pushedLongAgo(making, 'v1')
    const send = await making.client()
    await expectStatus(202, send(`DELETE /v2/app/manifests/${IMAGE.sha256}`))
    making.clock.now += DAY
  },
  'an image and what refers to it': async (making: Making) => {
    await pushedLongAgo(making, 'v1')
    await pushManifest(await making.client(), 'app', SIGNATURE.sha256, SIGNATURE)
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
