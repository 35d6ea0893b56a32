/**
 * A registry on loopback, and desks from which commands are given to it from afar.
 *
 * @module
 */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openFileStore } from '../../../functions/compose/file-store.ts'
import { readSettings } from '../../../functions/compose/settings.ts'
import { startServer } from '../../../functions/node/server.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { type Documents, writeDocuments } from '../../access/rig.ts'
import { temporaryDirectory } from '../../support/hosts/start.ts'
import { openFiles } from '../../support/rig/stores.ts'
import { type Desk, openDesk } from '../desk.ts'

/** Root administers everything, lead what is below `team/`; dev may delete what is below `mine/`. */
export const DOCUMENTS: Documents = {
  users: { root: 'secret', lead: 'secret', dev: 'secret' },
  policy: [
    { who: ['user:root'], repositories: ['**'], actions: ['*', 'override', 'admin'] },
    { who: ['user:lead'], repositories: ['team/**'], actions: ['admin'] },
    { who: ['user:dev'], repositories: ['mine/**'], actions: ['*'] },
    { who: ['authenticated'], repositories: ['**'], actions: ['pull', 'push'] },
  ],
}

type Ending = Parameters<typeof openDesk>[0]

/** A registry over a store of its own. */
export interface Served {
  readonly url: string
  readonly store: ObjectStore
  /** Opens a desk where docker knows this user of the registry, and SLIPWAY_REGISTRY names it. */
  desk(user?: string): Promise<Desk>
}

/** A directory for DOCKER_CONFIG that knows a password of this user. */
export const dockerConfig = async (t: Ending, url: string, user: string): Promise<string> => {
  const { path, remove } = await temporaryDirectory()
  t.onTestFinished(remove)
  const auth = Buffer.from(`${user}:secret`).toString('base64')
  const auths = user === '' ? {} : { [new URL(url).host]: { auth } }
  await writeFile(join(path, 'config.json'), JSON.stringify({ auths }))
  return path
}

/** Serves a registry on loopback, with these {@link DOCUMENTS}. @param args settings as flags */
export const serveFor = async (
  t: Ending,
  args: readonly string[] = [],
  prepare: (store: ObjectStore) => Promise<unknown> = async () => {},
): Promise<Served> => {
  const { path, remove } = await temporaryDirectory()
  t.onTestFinished(remove)
  const store = openFileStore(path)
  await writeDocuments(store, DOCUMENTS, Date.now())
  await prepare(store)
  const own = ['--listen=127.0.0.1:0', `--store=file:${path}`, '--log-level=silent']
  const { url, stop } = await startServer(readSettings([...own, ...args], {}), {})
  t.onTestFinished(stop)
  return {
    url,
    store,
    desk: async (user = 'root') =>
      openDesk(t, openFiles, {
        DOCKER_CONFIG: await dockerConfig(t, url, user),
        SLIPWAY_REGISTRY: url,
      }),
  }
}
