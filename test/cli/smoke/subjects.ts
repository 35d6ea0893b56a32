/**
 * Registries for the tests of the smoke checks, each with an account.
 *
 * @module
 */

import type { Target } from '../../../functions/cli/smoke/session.ts'
import { openStore } from '../../../functions/compose/open-store.ts'
import { readSettings } from '../../../functions/compose/settings.ts'
import { createHandler } from '../../../functions/handlers/api.ts'
import { startServer } from '../../../functions/node/server.ts'
import { writeDocuments } from '../../access/rig.ts'
import { lambdaOf } from '../../emulators/gateway/function.ts'
import type { GatewayHabits } from '../../emulators/gateway/habits.ts'
import { startGateway } from '../../emulators/gateway/server.ts'
import { startBucket, temporaryDirectory } from '../../support/hosts/start.ts'
import { type Distortion, startDistorting } from './distort.ts'

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

const addUser = (env: Env): Promise<unknown> =>
  writeDocuments(
    openStore(readSettings([], env), env),
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

/** The same, where uploads are sent to a Node server on the same bucket. */
export const onGatewayWithUploadHost = async (habits: GatewayHabits): Promise<Subject> => {
  const { env, stop } = await bucket({})
  const uploads = await serve(env, stop)
  return behindGateway(habits, { ...env, SLIPWAY_UPLOAD_ORIGIN: uploads.origin }, uploads.stop)
}
