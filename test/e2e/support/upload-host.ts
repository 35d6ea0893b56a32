/**
 * The registry as on AWS, with another host for uploads: the function behind the emulated gateway, and over
 * the same bucket and keys the Web Function behind its emulated endpoint, or a Node server. Each has a name
 * of its own.
 *
 * @module
 */

import { openStore } from '../../../functions/compose/open-store.ts'
import { readSettings } from '../../../functions/compose/settings.ts'
import { createHandler } from '../../../functions/handlers/api.ts'
import { writeDocuments } from '../../access/rig.ts'
import { lambdaOf } from '../../emulators/gateway/function.ts'
import { GATEWAYS } from '../../emulators/gateway/habits.ts'
import { type GatewayServer, startGateway } from '../../emulators/gateway/server.ts'
import { createRevision } from '../../emulators/web-function/environment.ts'
import { WEB_FUNCTIONS } from '../../emulators/web-function/habits.ts'
import { startEndpoint } from '../../emulators/web-function/server.ts'
import { type RecordingProxy, startProxy } from '../../support/live/proxy.ts'
import { startRegistry } from '../../support/live/registry.ts'
import { type LiveS3, startLiveS3 } from '../../support/live/s3.ts'
import type { Account } from './client.ts'

export interface WithUploadHost {
  readonly gateway: GatewayServer
  /** The proxy before the host of uploads; it records what clients send there. */
  readonly uploads: RecordingProxy
  /** `host:port` of the host of uploads, as clients are told. */
  readonly pushHost: string
  /** The account of this name, which may do everything below it and nothing elsewhere. */
  as(name: string): Account
  close(): Promise<void>
}

export type UploadHost = 'Web Function' | 'Node server'

/** The stricter ones: headers of 8 KB at most, and a connection for each request. */
const HABITS = WEB_FUNCTIONS['length zero']

/** Starts a host for uploads. @returns the proxy before it, and what ends it */
const START: Readonly<
  Record<
    UploadHost,
    (
      s3: LiveS3,
      env: Readonly<Record<string, string>>,
    ) => Promise<readonly [RecordingProxy, close: () => Promise<void>]>
  >
> = {
  'Web Function': async (s3, env) => {
    const revision = createRevision(HABITS, {
      ...env,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    })
    const { address, stop } = await startEndpoint({ habits: HABITS, open: () => revision.start })
    const close = () => stop().finally(revision.remove)
    return [await startProxy(address, { named: true }), close]
  },
  'Node server': async (s3) => {
    const { address, close } = await startRegistry('slipway', s3, { flags: ['--auth', 'token'] })
    return [await startProxy(address), close]
  },
}

/** Another name of this machine: to clients that compare hosts it is another host. */
const named = (address: string): string => address.replace('127.0.0.1', 'localhost')

/** Starts both. @param names of accounts */
export const startWithUploadHost = async (
  kind: UploadHost,
  names: readonly string[],
): Promise<WithUploadHost> => {
  const closers: (() => Promise<void>)[] = []
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    const s3 = await startLiveS3('versitygw')
    closers.push(s3.close)
    process.env.AWS_ACCESS_KEY_ID = s3.accessKeyId
    process.env.AWS_SECRET_ACCESS_KEY = s3.secretAccessKey
    const env = {
      SLIPWAY_STORE: `s3://${s3.bucket}`,
      SLIPWAY_S3_ENDPOINT: named(s3.endpoint),
      SLIPWAY_S3_REGION: s3.region,
      SLIPWAY_AUTH: 'token',
      SLIPWAY_LOG_LEVEL: 'silent',
    }
    const password = 'a password of no worth'
    const users = Object.fromEntries(names.map((name) => [name, password]))
    const policy = [{ who: ['authenticated'], repositories: [`\${user}/**`], actions: ['*'] }]
    await writeDocuments(await openStore(readSettings([], env), env), { users, policy }, Date.now())

    const [uploads, end] = await START[kind](s3, env)
    closers.push(end, uploads.close)
    const pushHost = named(uploads.address)
    const gateway = await startGateway({
      habits: GATEWAYS['length kept'],
      open: (url) => {
        const own = { SLIPWAY_PUBLIC_URL: url, SLIPWAY_UPLOAD_ORIGIN: `http://${pushHost}` }
        return lambdaOf(createHandler({ ...env, ...own }))
      },
    })
    closers.push(gateway.stop)
    return { gateway, uploads, pushHost, as: (name) => ({ name, password }), close }
  } catch (error) {
    await close()
    throw error
  }
}
