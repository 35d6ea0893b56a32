/**
 * Servers with an upstream that are killed, and what is wrong in their store then.
 *
 * @module
 */

import { onTestFinished } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { checkStore } from '../../functions/registry/check/check.ts'
import { UPSTREAMS_KEY } from '../../functions/registry/layout.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { freePort, projectRoot, responds, startDaemon } from '../support/live/process.ts'

/** Has a store name one upstream, whose repositories are below `up/`. @param more of its entry */
export const setUpstream = async (
  store: ObjectStore,
  origin: string,
  more: object = {},
): Promise<void> => {
  const entry = { name: 'up', host: 'up.example', prefix: 'up', url: origin }
  const upstreams = [{ ...entry, private: ['127.0.0.1'], ...more }]
  await store.put(UPSTREAMS_KEY, Buffer.from(JSON.stringify({ version: 1, upstreams })))
}

/** What a check of all bytes finds. */
export const findingsIn = async (store: ObjectStore): Promise<readonly string[]> => {
  const findings: string[] = []
  await checkStore(store, {
    repair: false,
    verify: true,
    now: Date.now,
    wait: async () => {},
    report: ({ kind, key }) => findings.push(`${kind} ${key}`),
    progress: () => false,
  })
  return findings
}

/** A store on files with that upstream, and what starts a server on it, which `stop` kills. */
export const openKillable = async (origin: string, more: object = {}) => {
  const { path, remove } = await temporaryDirectory()
  onTestFinished(remove)
  const store = openFileStore(path)
  await setUpstream(store, origin, more)
  const start = async () => {
    const address = `127.0.0.1:${await freePort()}`
    const daemon = await startDaemon({
      name: 'killed',
      command: process.execPath,
      args: [
        ...['functions/handlers/server.ts', '--store', `file:${path}`, '--listen', address],
        ...['--auth', 'off'],
      ],
      cwd: projectRoot,
      stopSignal: 'SIGKILL',
      ready: () => responds(`http://${address}/v2/`),
    })
    onTestFinished(daemon.stop)
    return { ...daemon, repository: `http://${address}/v2/up/app` }
  }
  return { store, start }
}
