/**
 * What sends events stands on, in a server or a function: where secrets are, and what the log says.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import type { RequestLogger } from '../api/env.ts'
import { isBus } from '../events/buses.ts'
import type { DeliveryEvent } from '../events/courier.ts'
import { createPost, type Post } from '../events/post.ts'
import { isIndex } from '../events/receivers.ts'
import type { SenderReport } from '../events/sender.ts'
import { once } from '../shared/once.ts'
import { readingSecrets } from '../shared/secrets.ts'
import type { ObjectStore } from '../storage/store.ts'

/** Where events come from; see `Origin`. */
export interface Whereabouts {
  /** `--public-url`. */
  readonly publicUrl: string | undefined
  /** Where clients reach it otherwise. */
  readonly url: string
  /** Of the process. */
  readonly address: string
}

const SAID: Readonly<Record<DeliveryEvent['what'], string>> = {
  failed: 'an event could not be delivered, and is sent again',
  dead: 'an event could not be delivered: see slipway events list',
  ended: 'a receiver has ended, and is sent no more events: see slipway events set',
  damaged: 'an event cannot be read',
}

/** Writes into a log what becomes of events. */
export const reportingTo = (logger: RequestLogger): SenderReport => ({
  delivery: ({ receiver, what, id, why }) => logger.warn({ receiver, event: id, why }, SAID[what]),
  damaged: (key) => logger.error({ key }, 'an event cannot be read, and stays where it is'),
  failed: (error) => logger.warn({ err: error }, 'events cannot be sent at the moment'),
})

/** Loaded only where a receiver is a bus. */
const openBusPost = once(async () => {
  const { createBusPost } = await import('./aws/event-bus.ts')
  return createBusPost()
})

/** Loaded only where a variable has an ARN. */
const openStoredSecrets = once(async () => {
  const { storedSecrets } = await import('./aws/stored-secrets.ts')
  return storedSecrets()
})

/** Loaded only where there is an index for search. */
const openKeeper = async (store: ObjectStore) => {
  const { createKeeper } = await import('../search/keep.ts')
  return createKeeper(store)
}

/**
 * What sends an event.
 *
 * @param store where the index for search is
 * @param env where secrets are that the document names
 */
export const openPost = (
  store: ObjectStore,
  env: Readonly<Record<string, string | undefined>>,
  whereabouts: Whereabouts,
): Post => {
  const keeper = once(() => openKeeper(store))
  const post = createPost(
    { ...whereabouts, instance: randomUUID() },
    readingSecrets(env, async (arn) => (await openStoredSecrets())(arn)),
  )
  return async (receiver, record, signal) => {
    if (isIndex(receiver)) return (await keeper())(record)
    const send = isBus(receiver.url) ? await openBusPost() : post
    return send(receiver, record, signal)
  }
}
