/**
 * A server in this process whose log a test reads.
 *
 * @module
 */

import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApp } from '../../functions/api/app.ts'
import { openAuthorizer } from '../../functions/auth/authorizer.ts'
import { uploadSecret } from '../../functions/compose/open-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import type { Front } from '../../functions/node/front.ts'
import { createServerOf } from '../../functions/node/http-server.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { createAgent, sendOver } from '../support/hosts/wire.ts'
import { requestLine, type Send } from '../support/rig/client.ts'

/** A line of a log. */
export interface Line {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface Served {
  readonly server: Server
  readonly url: string
  readonly lines: readonly Line[]
  readonly send: Send
  stop(): Promise<void>
}

/**
 * Serves the registry over a store, without redirects and open to everyone.
 *
 * @param front see `ServerOptions`
 */
export const served = async (
  store: ObjectStore,
  args: readonly string[] = [],
  front?: Front,
): Promise<Served> => {
  const lines: Line[] = []
  const at = (level: Line['level']) => (fields: object, message: string) =>
    void lines.push({ level, message, fields: { ...fields } })
  const logger = { info: at('info'), warn: at('warn'), error: at('error') }
  const secret = await uploadSecret(store)
  const app = createApp({
    registry: createRegistry({ store, uploadSecret: async () => secret }),
    logger,
    authorizer: openAuthorizer,
    audit: () => {},
    redirects: false,
    redirectHeads: false,
    readOnly: false,
  })
  const { server, stop } = await createServerOf(app, readSettings(args, {}), {
    logger,
    ...(front === undefined ? {} : { front }),
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const agent = createAgent()
  return {
    server,
    url,
    lines,
    send: (request, body, headers) =>
      sendOver(agent, url, { ...requestLine(request), body, headers }),
    stop: async () => {
      agent.destroy()
      await stop()
    },
  }
}
