/**
 * The registry as an AWS Lambda Web Function: an HTTP server that Lambda starts when there are requests,
 * in as many environments as these need, and ends when there are none.
 *
 * @module
 */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { availableParallelism } from 'node:os'
import { checkHosts, readLambdaSettings } from '../../compose/aws/read-settings.ts'
import { UPLOAD_LIMITS } from '../../compose/aws/web-function-limits.ts'
import { createLogger } from '../../compose/logger.ts'
import { type HostOptions, openApp, openLoggedPulls } from '../../compose/open-app.ts'
import type { Fetching } from '../../compose/pull-through.ts'
import type { Settings } from '../../compose/settings.ts'
import { createFetching } from '../fetching.ts'
import { createHashThread } from '../hash-thread.ts'
import { createServerOf } from '../http-server.ts'
import { createPasswordThread } from '../passwords.ts'
import { ENDPOINT, parseEndpoint } from './endpoint.ts'
import { endpointInFront } from './front.ts'

/**
 * Seconds for the requests under way, and then milliseconds for what they clear away, when Lambda ends an
 * environment: it waits for about a second.
 */
const STOP = { seconds: 0.5, cleanUp: 300 }

/** Bytes of blobs of upstreams that are on their way: the temporary folder has 512 MB. */
const ROOM = { blob: 128 * 2 ** 20, all: 384 * 2 ** 20 }

/** A Web Function that is listening. */
export interface RunningFunction {
  readonly port: number
  /** Takes no new connections; requests under way are cut after half a second. Their uploads stay valid. */
  stop(): Promise<void>
}

/**
 * What is loaded only where upstreams are asked. Nobody looks for changes of their document between requests: an
 * environment stands still then, so that each pull does.
 */
const openUpstreamsOf = async (
  { 'fill-function': fillFunction }: Settings,
  fetching: Fetching,
  env: Readonly<Record<string, string | undefined>>,
): Promise<HostOptions['openUpstreams']> => {
  if (fillFunction === undefined) return undefined
  const { openUpstreams } = await import('../../compose/open-upstreams.ts')
  const { invokeLater } = await import('../../compose/aws/invoke-later.ts')
  const room = {
    ...ROOM,
    start: (wanted: object) =>
      invokeLater(fillFunction, wanted, { endpoint: env.AWS_ENDPOINT_URL }),
  }
  return (parts) => ({
    ...openUpstreams({ ...parts, fetching: { ...fetching, room } }),
    look: async () => {},
  })
}

/**
 * Opens the store and serves the registry from it. Nothing is read before Lambda is told that it is ready.
 *
 * There is no housekeeping: an environment lasts for minutes, and stands still between requests. The
 * bucket's lifecycle rule does it.
 *
 * @param env holds the settings, and where to listen
 * @throws SettingsError, and Node's error if it cannot listen there
 */
export const startWebFunction = async (
  env: Readonly<Record<string, string | undefined>>,
): Promise<RunningFunction> => {
  const address = parseEndpoint(env[ENDPOINT])
  const settings = readLambdaSettings(env)
  const logger = createLogger(settings)
  const passwords = createPasswordThread()
  // On the second processor; the first receives, and hashes parts for their signatures.
  const hashes = availableParallelism() > 1 ? createHashThread() : undefined
  const fetching = createFetching()
  const { app, storeHost, warmUp } = await openApp(settings, env, {
    logger,
    pulled: await openLoggedPulls(settings, logger),
    // The length of a response to HEAD may be lost on its way, and would then be a wrong one to clients.
    redirectHeads: true,
    // Bytes out are charged for.
    directIfNecessary: false,
    uploadLimits: UPLOAD_LIMITS,
    verifyPassword: passwords.verify,
    hashPassword: passwords.hash,
    ...(hashes === undefined ? {} : { hashing: hashes.hashing }),
    onlyLocal: false,
    openUpstreams: await openUpstreamsOf(settings, fetching, env),
  })
  await checkHosts(settings['public-url'], storeHost)
  const { server, stop } = createServerOf(app, settings, { logger, front: endpointInFront })
  await once(server.listen(address), 'listening')
  // While the first request comes. Whoever needs what could not be fetched fetches it again.
  warmUp().catch((err) => logger.warn({ err }, 'what uploads need could not be fetched yet'))
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      // What is fetched at the end is left to whoever is asked for it next.
      await Promise.all([stop(STOP), fetching.end()])
      await Promise.all([passwords.close(), hashes?.close()])
    },
  }
}
