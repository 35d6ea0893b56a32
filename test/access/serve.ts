/**
 * The Node server in this process, with access control over a file store.
 *
 * @module
 */

import { openFileStore } from '../../functions/compose/file-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { startServer } from '../../functions/node/server.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { createAgent, sendOver } from '../support/hosts/wire.ts'
import { requestLine } from '../support/rig/client.ts'
import { type AccessRig, type Documents, writeDocuments } from './rig.ts'

export interface Served extends Pick<AccessRig, 'send' | 'secrets'> {
  readonly url: string
  readonly open: boolean
  readonly notes: readonly string[]
  readonly store: ObjectStore
}

/** Where to register what runs after a test. */
interface Ending {
  onTestFinished(end: () => Promise<void>): void
}

/** Starts a server on 127.0.0.1 with these flags, over a store with these documents. */
export const serveWith = async (
  t: Ending,
  documents: Documents,
  ...args: readonly string[]
): Promise<Served> => {
  const { path, remove } = await temporaryDirectory()
  t.onTestFinished(remove)
  const store = openFileStore(path)
  const secrets = await writeDocuments(store, documents, Date.now())
  const always = ['--listen=127.0.0.1:0', '--log-level=silent', `--store=file:${path}`]
  const { url, open, notes, stop } = await startServer(readSettings([...always, ...args], {}), {})
  const agent = createAgent()
  t.onTestFinished(async () => {
    agent.destroy()
    await stop()
  })
  return {
    url,
    open,
    notes,
    store,
    secrets,
    send: (request, { body, headers, as } = {}) => {
      const all = { ...headers, ...(as === undefined ? {} : { Authorization: as }) }
      return sendOver(agent, url, { ...requestLine(request), body, headers: all })
    },
  }
}
