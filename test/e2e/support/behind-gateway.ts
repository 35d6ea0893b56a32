/**
 * The registry as on AWS, on loopback: the function behind the emulated gateway, on the strict S3 of
 * the tests, with an account.
 *
 * @module
 */

import { openStore } from '../../../functions/compose/open-store.ts'
import { readSettings } from '../../../functions/compose/settings.ts'
import { createHandler } from '../../../functions/handlers/api.ts'
import { writeDocuments } from '../../access/rig.ts'
import { type Invoke, lambdaOf } from '../../emulators/gateway/function.ts'
import { type GatewayHabits, settingsFor } from '../../emulators/gateway/habits.ts'
import { type GatewayServer, startGateway } from '../../emulators/gateway/server.ts'
import type { S3Server } from '../../emulators/s3/server.ts'
import { startBucket } from '../../support/hosts/start.ts'
import type { Account } from './client.ts'

export interface BehindGateway {
  readonly gateway: GatewayServer
  readonly s3: S3Server
  /** May do everything, as may everybody who logs in. */
  readonly alice: Account
  close(): Promise<void>
}

/** Creates a function with these settings. */
export type OpenFunction = (env: Readonly<Record<string, string>>) => Invoke | Promise<Invoke>

/** A bucket with an account and a policy, and what a function needs to use it. */
export interface OnBucket {
  readonly s3: S3Server
  /** May do everything, as may everybody who logs in. */
  readonly alice: Account
  readonly env: Readonly<Record<string, string>>
}

/** Starts the strict S3; anonymous users may pull below `open/`. */
export const startOnBucket = async (): Promise<OnBucket> => {
  const { server, env: bucket } = await startBucket()
  const alice = { name: 'alice', password: 'a password of no worth' }
  const env = {
    ...bucket,
    SLIPWAY_AUTH: 'token',
    // A name other than the registry's, as on AWS: on redirects to the same host, clients send credentials.
    SLIPWAY_S3_ENDPOINT: server.endpoint.replace('127.0.0.1', 'localhost'),
  }
  await writeDocuments(
    await openStore(readSettings([], env), env),
    {
      users: { [alice.name]: alice.password },
      policy: [
        { who: ['authenticated'], repositories: ['**'], actions: ['*'] },
        { who: ['anonymous'], repositories: ['open/**'], actions: ['pull'] },
      ],
    },
    Date.now(),
  )
  return { s3: server, alice, env }
}

/**
 * Starts it on a bucket as of {@link startOnBucket}.
 *
 * @param open default: the handler in this process
 * @param timeout see GatewayServerOptions
 */
export const startBehindGateway = async (
  habits: GatewayHabits,
  open: OpenFunction = (env) => lambdaOf(createHandler(env)),
  timeout?: number,
): Promise<BehindGateway> => {
  const { s3, alice, env: bucket } = await startOnBucket()
  const env = { ...bucket, ...settingsFor(habits) }
  const gateway = await startGateway({
    habits,
    open: (url) => open({ ...env, SLIPWAY_PUBLIC_URL: url }),
    ...(timeout === undefined ? {} : { timeout }),
  })
  const close = async () => {
    await gateway.stop()
    await s3.close()
  }
  return { gateway, s3, alice, close }
}
