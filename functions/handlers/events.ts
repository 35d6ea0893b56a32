/**
 * The function that sends events: S3 calls it, by EventBridge, for each that is recorded; and a schedule, for what has
 * to be sent again, and for buckets that tell nobody.
 *
 * @module
 */

import type { Context, S3NotificationEvent, ScheduledEvent } from 'aws-lambda'
import { readDocument } from '../auth/document.ts'
import { readLambdaSettings } from '../compose/aws/read-settings.ts'
import { createLogger } from '../compose/logger.ts'
import { openStore } from '../compose/open-store.ts'
import { openPost, reportingTo } from '../compose/sending-events.ts'
import { createDrain } from '../events/drain.ts'
import { parseReceivers } from '../events/receivers.ts'
import { OUTBOX } from '../events/record.ts'
import { EVENT_RECEIVERS_KEY } from '../registry/layout.ts'
import { once } from '../shared/once.ts'

/** What Lambda calls for each event. */
export type EventsHandler = (
  event: S3NotificationEvent | ScheduledEvent | object,
  context: Pick<Context, 'functionName' | 'getRemainingTimeInMillis'>,
) => Promise<void>

/** Milliseconds before its end at which an invocation begins nothing more: a request to a receiver takes ten seconds. */
const STOP_BEFORE = 20_000

/** Where it says to be from if nothing else says it: the stack sets `SLIPWAY_PUBLIC_URL`. */
const NOWHERE = 'https://localhost'

const open = async (env: NodeJS.ProcessEnv, name: string) => {
  const settings = readLambdaSettings(env)
  const publicUrl = settings['public-url']
  const store = await openStore(settings, env)
  const drain = createDrain({
    store,
    post: openPost(store, env, { publicUrl, url: publicUrl ?? NOWHERE, address: name }),
    report: reportingTo(createLogger(settings)),
  })
  return { store, drain }
}

/** The record that S3 tells of, without the registry's prefix; undefined for any other event. */
const recordIn = (event: object): string | undefined => {
  const { detail } = event as { readonly detail?: { readonly object?: { readonly key?: unknown } } }
  const key = detail?.object?.key
  const at = typeof key === 'string' ? key.lastIndexOf(OUTBOX) : -1
  return at < 0 ? undefined : (key as string).slice(at)
}

/**
 * Creates a handler.
 *
 * @param env holds the settings
 * @returns a handler that throws when events cannot be sent at all, so that Lambda counts an error: the store fails, or
 *   the document of receivers is invalid. A receiver that fails is in the log, and no error.
 */
export const createHandler = (env: NodeJS.ProcessEnv): EventsHandler => {
  let opened: (() => ReturnType<typeof open>) | undefined
  return async (event, context) => {
    opened ??= once(() => open(env, context.functionName))
    const { store, drain } = await opened()
    const record = recordIn(event)
    // Another invocation has seen to it, or the request was refused.
    if (record !== undefined && (await store.head(record)) === undefined) return
    const read = async () => {
      const text = await readDocument(store, EVENT_RECEIVERS_KEY)
      return text === undefined ? [] : parseReceivers(text)
    }
    const isOver = () => context.getRemainingTimeInMillis() < STOP_BEFORE
    await drain(read, isOver, record === undefined ? 'all' : 'recorded')
  }
}

/** The handler that the function's configuration names. */
export const handler = createHandler(process.env)
