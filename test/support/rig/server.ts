/**
 * The real Node server in this process, and the store behind it.
 *
 * @module
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { openFileStore } from '../../../functions/compose/file-store.ts'
import { readSettings } from '../../../functions/compose/settings.ts'
import { startServer } from '../../../functions/node/server.ts'
import { createS3Store } from '../../../functions/storage/s3/store.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { startBucket, temporaryDirectory } from '../hosts/start.ts'
import { createAgent, sendOver } from '../hosts/wire.ts'
import { requestLine, type Send } from './client.ts'

/** A server on a port of 127.0.0.1. */
export interface OpenedServer {
  readonly url: string
  readonly store: ObjectStore
  readonly send: Send
  close(): Promise<void>
}

const serve = async (
  env: Readonly<Record<string, string>>,
  store: ObjectStore,
  end: () => Promise<void>,
): Promise<OpenedServer> => {
  const args = ['--listen=127.0.0.1:0', '--redirects=off', '--log-level=silent']
  const { url, stop } = await startServer(readSettings(args, env), env)
  const agent = createAgent()
  return {
    url,
    store,
    send: (request, body, headers) =>
      sendOver(agent, url, { ...requestLine(request), body, headers }),
    close: async () => {
      agent.destroy()
      await stop()
      await end()
    },
  }
}

/** A server on a file store. */
export const serveFiles = async (): Promise<OpenedServer> => {
  const { path, remove } = await temporaryDirectory()
  return serve({ SLIPWAY_STORE: `file:${path}` }, openFileStore(path), remove)
}

/** A server on the strict S3. */
export const serveBucket = async (): Promise<OpenedServer> => {
  const { server, env } = await startBucket()
  const store = createS3Store({
    bucket: server.bucket,
    prefix: 'registry',
    region: server.region,
    endpoint: server.endpoint,
    credentials: server,
    forcePathStyle: true,
  })
  return serve(env, store, server.close)
}

/** Both kinds of server, by name. */
export const SERVERS: readonly (readonly [name: string, open: () => Promise<OpenedServer>])[] = [
  ['server on files', serveFiles],
  ['server on S3', serveBucket],
]

/** A connection on which a test writes what it likes. */
export const connectTo = async (url: string): Promise<Socket> => {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  // What a server does to a connection that was cut is no failure of the test.
  socket.on('error', () => {})
  return socket
}
