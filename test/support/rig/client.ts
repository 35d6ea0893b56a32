/**
 * A client of an app in this process.
 *
 * @module
 */

import assert from 'node:assert/strict'
import type { Hono } from 'hono'
import { createApp } from '../../../functions/api/app.ts'
import type { AppEnv, AppOptions } from '../../../functions/api/env.ts'
import { openAuthorizer } from '../../../functions/auth/authorizer.ts'
import { uploadSecret } from '../../../functions/compose/open-store.ts'
import { openBrowser } from '../../../functions/page/browser.ts'
import type { Recorder } from '../../../functions/registry/happened.ts'
import type { RequiredChildrenOf } from '../../../functions/registry/index-children.ts'
import type { Quota, Quotas } from '../../../functions/registry/quotas/quotas.ts'
import { createRegistry, type Registry } from '../../../functions/registry/registry.ts'
import type { Retention } from '../../../functions/registry/retention/retention.ts'
import { once } from '../../../functions/shared/once.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import type { Answer, Sent } from '../hosts/host.ts'
import { ask, silent } from '../hosts/start.ts'

/** Sends a request to an app, `'<METHOD> <target>'`, and gives the whole answer. */
export type Send = (
  request: string,
  body?: Sent['body'],
  headers?: Sent['headers'],
) => Promise<Answer>

export interface ClientOptions extends Partial<AppOptions> {
  /** Clock of the registry in milliseconds. */
  readonly now?: () => number
  /** Whether a clean-up may run. */
  readonly cleanUp?: boolean
  /** Whether the registry may write nothing. */
  readonly onlyReads?: boolean
  /** Which images of an index must be there. */
  readonly requiredChildren?: RequiredChildrenOf
  /** Whether deletes can be undone. */
  readonly undeletes?: boolean
  /** Where events are recorded. */
  readonly events?: Recorder
  /** The quotas, and who is told that a soft limit is passed. */
  readonly quotas?: () => Promise<Quotas>
  readonly softLimit?: (quota: Quota, bytes: number) => void
  /** The rules on tags. */
  readonly rules?: () => Promise<Retention>
  /** Waits for some milliseconds. */
  readonly wait?: (milliseconds: number) => Promise<unknown>
}

/** Method and target of a request line. */
export const requestLine = (request: string): { method: string; target: string } => {
  const [method = '', target = ''] = request.split(' ', 2)
  return { method, target }
}

/** An app that needs no log-in and does not redirect. */
export const plainApp = (registry: Registry, options: Partial<AppOptions> = {}): Hono<AppEnv> =>
  createApp({
    registry,
    logger: silent,
    authorizer: openAuthorizer,
    audit: () => {},
    redirects: false,
    redirectHeads: false,
    readOnly: false,
    ...options,
  })

/** A client of an app in this process. */
export const clientOfApp =
  (app: Hono<AppEnv>): Send =>
  (request, body, headers) =>
    ask(app, { ...requestLine(request), body, headers })

/** Opens an app with nothing in its memory over a store, and a client of it. No redirects. */
export const clientOf = async (
  store: ObjectStore,
  {
    now,
    requiredChildren,
    cleanUp,
    onlyReads,
    undeletes,
    rules,
    events,
    quotas,
    softLimit,
    wait,
    ...options
  }: ClientOptions = {},
): Promise<Send> => {
  const secret = await uploadSecret(store)
  const registry = createRegistry({
    store,
    uploadSecret: async () => secret,
    ...(now === undefined ? {} : { now }),
    readOnly: onlyReads,
    cleanUp: cleanUp ? async () => true : undefined,
    ...(requiredChildren === undefined ? {} : { requiredChildren }),
    ...(undeletes === undefined ? {} : { undeletes }),
    ...(rules === undefined ? {} : { rules }),
    events,
    quotas,
    softLimit,
    wait,
  })
  const browse = once(async () => openBrowser(store, registry, now))
  return clientOfApp(plainApp(registry, { browse, ...options }))
}

/** An answer that must have this status. */
export const expectStatus = async (status: number, sent: Promise<Answer>): Promise<Answer> => {
  const answer = await sent
  assert.equal(answer.status, status, answer.body.subarray(0, 500).toString())
  return answer
}

/** Where an answer says to go on; with a further query. */
export const locationOf = ({ headers }: Answer, query = ''): string => {
  const location = headers.get('Location')
  assert.ok(location, 'the answer has no Location')
  return query === '' ? location : `${location}${location.includes('?') ? '&' : '?'}${query}`
}

/** The code of an error answer. */
export const codeOf = ({ body }: Answer): string | undefined =>
  body.byteLength === 0 ? undefined : JSON.parse(body.toString()).errors?.[0]?.code
