/**
 * Registries for the tests of the smoke checks, each with an account.
 *
 * @module
 */

import type { Target } from '../../../functions/cli/smoke/session.ts'
import { edgeSecret } from '../../../functions/compose/edge.ts'
import { openStore, uploadSecret } from '../../../functions/compose/open-store.ts'
import { readSettings } from '../../../functions/compose/settings.ts'
import { createHandler } from '../../../functions/handlers/api.ts'
import { startServer } from '../../../functions/node/server.ts'
import { writeDocuments } from '../../access/rig.ts'
import { distributionOf, type Template } from '../../emulators/cloudfront/config.ts'
import type { OriginResponse } from '../../emulators/cloudfront/lambda-edge.ts'
import type { Reached } from '../../emulators/cloudfront/origin.ts'
import { startCloudFront } from '../../emulators/cloudfront/server.ts'
import { lambdaOf } from '../../emulators/gateway/function.ts'
import type { GatewayHabits } from '../../emulators/gateway/habits.ts'
import { startGateway } from '../../emulators/gateway/server.ts'
import { createRevision, type Revision } from '../../emulators/web-function/environment.ts'
import { settingsAt, type WebFunctionHabits } from '../../emulators/web-function/habits.ts'
import { startEndpoint } from '../../emulators/web-function/server.ts'
import { synth } from '../../lib/synth.ts'
import { startBucket, temporaryDirectory } from '../../support/hosts/start.ts'
import { type Distortion, startDistorting } from './distort.ts'

const ZONE = { hostedZoneId: 'Z0123456789', hostedZoneName: 'example.com' }

/** The function of lib/edge that changes responses. */
const edgeFunction = async (): Promise<OriginResponse> => {
  const { href } = new URL('../../../lib/edge/origin-response/index.mjs', import.meta.url)
  return ((await import(href)) as { handler: OriginResponse }).handler
}

const isSecret = (value: unknown): boolean => JSON.stringify(value).includes('EdgeSecret')

/** Who logs in. */
export const USER = { name: 'alice', password: 'a password of no worth' }

/** A registry that was started. */
export interface Subject extends Target {
  stop(): Promise<void>
}

type Env = Readonly<Record<string, string>>

const targetOf = (origin: string): Target => ({ origin, repository: 'smoke/test', user: USER })

/** Whoever logs in may do everything. */
const OPEN = [{ who: ['authenticated'], repositories: ['**'], actions: ['*'] }]

const addUser = async (env: Env): Promise<unknown> =>
  writeDocuments(
    await openStore(readSettings([], env), env),
    { users: { [USER.name]: USER.password }, policy: OPEN },
    Date.now(),
  )

const serve = async (env: Env, end: () => Promise<void>, args: readonly string[] = []) => {
  await addUser(env)
  const settings = readSettings(['--listen=127.0.0.1:0', ...args], env)
  const server = await startServer(settings, env)
  const stop = async () => {
    await server.stop()
    await end()
  }
  return { ...targetOf(server.url), stop }
}

/** The Node server on files. */
export const onFiles = async (...args: readonly string[]): Promise<Subject> => {
  const { path, remove } = await temporaryDirectory()
  const env = { SLIPWAY_STORE: `file:${path}`, SLIPWAY_LOG_LEVEL: 'silent' }
  return serve(env, remove, args)
}

/** The strict S3, with what comes between it and everybody. */
const bucket = async (distortion: Distortion) => {
  const { server, env } = await startBucket()
  const between = await startDistorting(server.endpoint, distortion)
  // Another name than the registry's, to which clients are redirected.
  const endpoint = between.origin.replace('127.0.0.1', 'localhost')
  const stop = async () => {
    await between.stop()
    await server.close()
  }
  return { env: { ...env, SLIPWAY_AUTH: 'token', SLIPWAY_S3_ENDPOINT: endpoint }, stop }
}

/** The Node server that redirects to S3. */
export const onS3 = async (distortion: Distortion = {}): Promise<Subject> => {
  const { env, stop } = await bucket(distortion)
  return serve(env, stop)
}

const behindGateway = async (habits: GatewayHabits, env: Env, end: () => Promise<void>) => {
  const gateway = await startGateway({
    habits,
    open: (url) => lambdaOf(createHandler({ ...env, SLIPWAY_PUBLIC_URL: url })),
  })
  const stop = async () => {
    await gateway.stop()
    await end()
  }
  return { ...targetOf(gateway.url), stop }
}

/** The function behind the gateway's emulation. */
export const onGateway = async (habits: GatewayHabits, settings: Env = {}): Promise<Subject> => {
  const { env, stop } = await bucket({})
  await addUser(env)
  return behindGateway(habits, { ...env, ...settings }, stop)
}

/** A Web Function on a bucket, which starts with the first request. */
export const startWebFunction = async (habits: WebFunctionHabits, env: Env) => {
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = process.env
  const credentials = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY }
  let revision: Revision | undefined
  const endpoint = await startEndpoint({
    habits,
    open: (url) => {
      const known = { SLIPWAY_PUBLIC_URL: url, ...env, ...settingsAt(habits), ...credentials }
      revision = createRevision(habits, known)
      return revision.start
    },
  })
  const stop = async () => {
    await endpoint.stop()
    revision?.remove()
  }
  return { ...endpoint, stop }
}

/** The function behind the gateway, and a Web Function for uploads. */
export const onGatewayAndWebFunction = async (
  habits: GatewayHabits,
  webHabits: WebFunctionHabits,
): Promise<Subject> => {
  const { env, stop } = await bucket({})
  await addUser(env)
  const uploads = await startWebFunction(webHabits, env)
  return behindGateway(habits, { ...env, SLIPWAY_UPLOAD_ORIGIN: uploads.url }, async () => {
    await uploads.stop()
    await stop()
  })
}

/** The stack's distribution before both of them, which answer nothing else. */
export const onEdge = async (habits: GatewayHabits, webHabits: WebFunctionHabits) => {
  const { env, stop } = await bucket({})
  await addUser(env)
  const secret = edgeSecret(await uploadSecret(await openStore(readSettings([], env), env)), '1')
  const template = synth({ domain: 'registry.example.com', ...ZONE, edge: 'on' }) as Template
  const resolve = (value: unknown) => (isSecret(value) ? secret : JSON.stringify(value))
  const origins: Record<string, Reached> = {}
  const edge = await startCloudFront({
    distribution: distributionOf(template, resolve),
    reach: ({ id }) => origins[id] ?? { url: 'http://127.0.0.1:1' },
    originResponse: await edgeFunction(),
  })
  const behind = { ...env, SLIPWAY_EDGE: 'on', SLIPWAY_PUBLIC_URL: edge.url }
  const uploads = await startWebFunction(webHabits, behind)
  const gateway = await startGateway({
    habits,
    open: () => lambdaOf(createHandler({ ...behind, SLIPWAY_UPLOAD_ORIGIN: edge.url })),
  })
  origins.uploads = { url: uploads.url, host: uploads.address }
  origins.api = { url: gateway.url, host: new URL(gateway.url).host }
  const end = async () => {
    await edge.stop()
    await gateway.stop()
    await uploads.stop()
    await stop()
  }
  return { ...targetOf(edge.url), stop: end }
}
