/**
 * Starts registries for tests: in this process, as the Node server, behind API Gateway; on the file
 * store and on S3.
 *
 * @module
 */

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Hono } from 'hono'
import { createApp } from '../../../functions/api/app.ts'
import type { AppEnv, RequestLogger } from '../../../functions/api/env.ts'
import { openAuthorizer } from '../../../functions/auth/authorizer.ts'
import { openFileStore } from '../../../functions/compose/file-store.ts'
import { uploadSecret } from '../../../functions/compose/open-store.ts'
import { readSettings } from '../../../functions/compose/settings.ts'
import { createHandler } from '../../../functions/handlers/api.ts'
import { startServer } from '../../../functions/node/server.ts'
import { createRegistry } from '../../../functions/registry/registry.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { lambdaOf } from '../../emulators/gateway/function.ts'
import { sendThrough } from '../../emulators/gateway/gateway.ts'
import { type GatewayHabits, settingsFor } from '../../emulators/gateway/habits.ts'
import { type S3Server, startS3 } from '../../emulators/s3/server.ts'
import { createRevision } from '../../emulators/web-function/environment.ts'
import { settingsAt, type WebFunctionHabits } from '../../emulators/web-function/habits.ts'
import { startEndpoint } from '../../emulators/web-function/server.ts'
import type { Answer, HostWishes, Sent, StartedHost } from './host.ts'
import { createAgent, sendOver } from './wire.ts'

/** Settings in the environment. */
type Env = Readonly<Record<string, string>>

/**
 * A directory that is gone when the test is. A server may still clear away there what a client that
 * is gone has left, so removing it is tried again.
 */
export const temporaryDirectory = async (): Promise<{ path: string; remove(): Promise<void> }> => {
  const root = await mkdtemp(join(tmpdir(), 'slipway-test-'))
  // Alone in its parent: a registry beside it would be taken for the one that was meant.
  const path = join(root, 'data')
  await mkdir(path)
  return { path, remove: () => rm(root, { recursive: true, force: true, maxRetries: 10 }) }
}

/** Starts the strict S3 and makes it the one the SDK of this process has credentials for. */
export const startBucket = async (): Promise<{ server: S3Server; env: Env }> => {
  const server = await startS3()
  process.env.AWS_ACCESS_KEY_ID = server.accessKeyId
  process.env.AWS_SECRET_ACCESS_KEY = server.secretAccessKey
  const env = {
    SLIPWAY_AUTH: 'off',
    SLIPWAY_STORE: `s3://${server.bucket}/registry`,
    SLIPWAY_S3_ENDPOINT: server.endpoint,
    SLIPWAY_S3_REGION: server.region,
    SLIPWAY_LOG_LEVEL: 'silent',
  }
  return { server, env }
}

/** A logger that says nothing. */
export const silent: RequestLogger = { info() {}, warn() {}, error() {} }

/** A request as a Fetch API server hands it to an app. */
export const requestOf = ({ method, target, headers = {}, body }: Sent): Request => {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((each): [string, string] => [name, each]),
  )
  const request = new Request(`http://registry.example.com${target}`, {
    method,
    headers: lines,
    ...(body === undefined
      ? {}
      : body instanceof Uint8Array
        ? { body: new Uint8Array(body) }
        : { body: ReadableStream.from(body), duplex: 'half' }),
  })
  const sendsLength =
    body instanceof Uint8Array || (!body && !['GET', 'HEAD', 'DELETE'].includes(method))
  if (sendsLength && !request.headers.has('Content-Length')) {
    request.headers.set('Content-Length', String(body?.byteLength ?? 0))
  }
  return request
}

/** The answer an app gives in this process. */
export const ask = async (app: Hono<AppEnv>, sent: Sent): Promise<Answer> => {
  const response = await app.fetch(requestOf(sent))
  const { status, headers } = response
  return { status, headers, body: Buffer.from(await response.arrayBuffer()) }
}

/** An app in this process over a store. */
export const appOver = async (
  store: ObjectStore,
  {
    readOnly = false,
    logger = silent,
    now,
  }: HostWishes & {
    readonly logger?: RequestLogger
    readonly now?: () => number
  } = {},
): Promise<Hono<AppEnv>> => {
  const secret = await uploadSecret(store)
  return createApp({
    registry: createRegistry({
      store,
      uploadSecret: async () => secret,
      ...(now === undefined ? {} : { now }),
    }),
    logger,
    authorizer: openAuthorizer,
    audit: () => {},
    redirects: true,
    redirectHeads: false,
    readOnly,
  })
}

/** The app in this process, on the file store. */
export const startApp = async (wishes: HostWishes = {}): Promise<StartedHost> => {
  const directory = await temporaryDirectory()
  const app = await appOver(openFileStore(directory.path), wishes)
  return {
    name: 'app on files',
    redirects: false,
    gateway: false,
    send: (sent) => ask(app, sent),
    stop: directory.remove,
  }
}

const environment = (env: Env, wishes: HostWishes): Env => ({
  ...env,
  SLIPWAY_LOG_LEVEL: 'silent',
  SLIPWAY_READ_ONLY: wishes.readOnly ? 'on' : 'off',
})

const startOverHttp = async (
  name: string,
  env: Env,
  redirects: boolean,
  end: () => Promise<void>,
): Promise<StartedHost> => {
  const args = ['--listen=127.0.0.1:0', `--redirects=${redirects ? 'on' : 'off'}`]
  const server = await startServer(readSettings(args, env), env)
  const agent = createAgent()
  return {
    name,
    redirects,
    gateway: false,
    send: (sent) => sendOver(agent, server.url, sent),
    stop: async () => {
      agent.destroy()
      await server.stop()
      await end()
    },
  }
}

/** The Node server on the file store. */
export const startOnFiles = async (wishes: HostWishes = {}): Promise<StartedHost> => {
  const { path, remove } = await temporaryDirectory()
  const env = environment({ SLIPWAY_STORE: `file:${path}` }, wishes)
  return startOverHttp('server on files', env, false, remove)
}

/** The Node server on S3. */
export const startOnS3 = async (
  redirects: boolean,
  wishes: HostWishes = {},
): Promise<StartedHost> => {
  const { server, env } = await startBucket()
  const name = `server on S3, redirects ${redirects ? 'on' : 'off'}`
  return startOverHttp(name, environment(env, wishes), redirects, server.close)
}

/** The Lambda function behind API Gateway, on S3. */
export const startOnLambda = async (
  habits: GatewayHabits,
  wishes: HostWishes = {},
): Promise<StartedHost> => {
  const { server, env } = await startBucket()
  const handler = createHandler({ ...environment(env, wishes), ...settingsFor(habits) })
  const gateway = { invoke: lambdaOf(handler), habits }
  return {
    name: 'Lambda',
    redirects: true,
    gateway: habits,
    send: (sent) => sendThrough(gateway, sent),
    stop: server.close,
  }
}

/** The Web Function behind its endpoint, on S3. */
export const startOnWebFunction = async (
  habits: WebFunctionHabits,
  wishes: HostWishes = {},
): Promise<StartedHost> => {
  const { server, env } = await startBucket()
  const revision = createRevision(habits, {
    ...environment(env, wishes),
    ...settingsAt(habits),
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
  })
  const endpoint = await startEndpoint({ habits, open: () => revision.start })
  const agent = createAgent()
  return {
    name: 'Web Function',
    redirects: true,
    gateway: false,
    send: (sent) => sendOver(agent, endpoint.url, sent),
    stop: async () => {
      agent.destroy()
      await endpoint.stop()
      revision.remove()
      await server.close()
    },
  }
}
