/**
 * A registry in this process whose requests are followed, and the spans that came of it.
 *
 * @module
 */

import { ExportResultCode } from '@opentelemetry/core'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'
import type { TestContext } from 'vitest'
import { createApp } from '../../functions/api/app.ts'
import type { AppEnv } from '../../functions/api/env.ts'
import { type Authorizer, openAuthorizer } from '../../functions/auth/authorizer.ts'
import { uploadSecret } from '../../functions/compose/open-store.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { openTraces, type Traces } from '../../functions/traces/traces.ts'
import type { Environment } from '../../functions/traces/wanted.ts'
import { requestOf, silent } from '../support/hosts/start.ts'
import { requestLine, type Send } from '../support/rig/client.ts'
import { openFiles } from '../support/rig/stores.ts'

export interface Followed {
  readonly traces: Traces
  readonly send: Send
  /** Ends it, and gives all spans in the order of their ends. */
  spans(): Promise<readonly ReadableSpan[]>
}

export interface FollowedOptions {
  readonly env?: Environment
  readonly authorizer?: Authorizer
  /** The store in place of the real one. */
  readonly over?: (store: ObjectStore) => ObjectStore
  readonly bindings?: AppEnv['Bindings']
}

/** Keeps what it is given. */
export const keepingExporter = (): SpanExporter & { readonly spans: ReadableSpan[] } => {
  const spans: ReadableSpan[] = []
  return {
    spans,
    export(more, done) {
      spans.push(...more)
      done({ code: ExportResultCode.SUCCESS })
    },
    shutdown: async () => {},
  }
}

export const followed = async (
  t: Pick<TestContext, 'onTestFinished'>,
  { env = {}, authorizer = openAuthorizer, over = (same) => same, bindings }: FollowedOptions = {},
): Promise<Followed> => {
  const exporter = keepingExporter()
  const traces = openTraces(env, silent, { exporter })
  const { store, close } = await openFiles()
  t.onTestFinished(async () => {
    await traces.stop()
    await close()
  })
  const secret = await uploadSecret(store)
  const app = createApp({
    ...traces.access({ authorizer }),
    follow: traces.requests,
    registry: createRegistry({
      store: traces.store(over(store), 'file'),
      uploadSecret: async () => secret,
    }),
    logger: silent,
    audit: () => {},
    redirects: false,
    redirectHeads: false,
    readOnly: false,
  })
  return {
    traces,
    send: async (request, body, headers) => {
      const sent = requestOf({ ...requestLine(request), body, headers })
      const response = await app.fetch(sent, bindings)
      const { status, headers: answered } = response
      return { status, headers: answered, body: Buffer.from(await response.arrayBuffer()) }
    },
    spans: async () => {
      await traces.stop()
      return exporter.spans
    },
  }
}
