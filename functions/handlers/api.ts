/**
 * The Lambda function behind an API Gateway HTTP API (events of payload format 2.0).
 *
 * A response has at most 6 MB, so blobs are never sent through the function: the store must be S3,
 * with redirects. A manifest of 4 MiB fits, as base64.
 *
 * @module
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import { Hono } from 'hono'
import { handle } from 'hono/aws-lambda'
import type { AppEnv, Ending } from '../api/env.ts'
import { literalPath } from '../api/request.ts'
import { bodyLimit, uploadLimits } from '../compose/aws/lambda-limits.ts'
import { checkHosts, readLambdaSettings } from '../compose/aws/read-settings.ts'
import { createLogger } from '../compose/logger.ts'
import { type HostOptions, openApp, openLoggedPulls } from '../compose/open-app.ts'
import type { OpenLog } from '../compose/open-log.ts'
import type { Settings } from '../compose/settings.ts'
import { once } from '../shared/once.ts'

/** What Lambda calls for each event. */
export type ApiHandler = (
  event: APIGatewayProxyEventV2,
  context: Context,
) => Promise<APIGatewayProxyStructuredResultV2>

const MANIFEST = /\/manifests\/[^/]+$/

/** All other responses are sent as base64: a manifest must arrive byte for byte, UTF-8 or not. */
const isBinary = (contentType: string): boolean =>
  !/^(?:application\/json|text\/plain)(?:;|$)/.test(contentType)

/** Opens the log, and what follows requests. */
export type Following = (settings: Settings, env: NodeJS.ProcessEnv) => Promise<OpenLog>

/** Nothing does, and nothing of it is part of the code. */
const unfollowed: Following = async (settings) => ({
  logger: createLogger(settings),
  traces: undefined,
})

interface Opened extends Pick<OpenLog, 'traces'> {
  readonly app: Hono<AppEnv>
  readonly redirectsManifestHeads: boolean
}

/** What is loaded only where upstreams are asked. */
const openUpstreamsOf = async (
  { 'fill-function': fillFunction, 'upload-origin': origin }: Settings,
  env: NodeJS.ProcessEnv,
): Promise<HostOptions['openUpstreams']> => {
  if (fillFunction === undefined) return undefined
  const { openPassingUpstreams } = await import('../compose/aws/passing-upstreams.ts')
  return openPassingUpstreams(fillFunction, origin !== undefined, env)
}

const open = async (env: NodeJS.ProcessEnv, following: Following): Promise<Opened> => {
  const settings = readLambdaSettings(env)
  const { logger, traces } = await following(settings, env)
  const { app, storeHost } = await openApp(settings, env, {
    logger,
    traces,
    pulled: await openLoggedPulls(settings, logger),
    redirectHeads: true,
    directIfNecessary: false,
    bodyLimit: bodyLimit(settings['upload-origin']),
    uploadLimits: uploadLimits(settings['upload-origin']),
    onlyLocal: false,
    openUpstreams: await openUpstreamsOf(settings, env),
  })
  await checkHosts(settings['public-url'], storeHost)
  return { app, traces, redirectsManifestHeads: settings['manifest-heads'] === 'redirect' }
}

/** The route with rates of its own, which lib/gateway.ts makes. */
const TOKEN_ROUTE = 'ANY /token'

/**
 * The path of an event. A gateway that decodes paths may do so after it has chosen the route, so that a token is
 * asked for past its rates; what came another way is spelled as it cannot have been sent.
 */
const pathOf = ({ rawPath, routeKey }: APIGatewayProxyEventV2): string =>
  rawPath === '/token' && routeKey !== TOKEN_ROUTE ? '/%74oken' : rawPath

/** An event without what `Request` would refuse or misread. */
const normalized = (event: APIGatewayProxyEventV2): APIGatewayProxyEventV2 => {
  const { body, ...rest } = event
  const takesBody = !['GET', 'HEAD'].includes(event.requestContext.http.method)
  return {
    ...rest,
    ...(takesBody && body !== undefined ? { body } : {}),
    // The gateway has decoded the path. In a URL some of these end the path, and others are changed.
    rawPath: literalPath(pathOf(event).replace(/[?#\s\0]/g, encodeURIComponent)),
  }
}

/** The number of bytes of the body of an event, or of a result. */
const bytesIn = ({
  body = '',
  isBase64Encoded = false,
}: {
  readonly body?: string | undefined
  readonly isBase64Encoded?: boolean | undefined
}): number => Buffer.byteLength(body, isBase64Encoded ? 'base64' : 'utf8')

/**
 * Creates a handler. It opens the store at the first event, and keeps it for later ones.
 *
 * @param env holds the settings
 * @param following default: nothing follows requests
 * @returns a handler that throws SettingsError if a setting is wrong and StoreError if the store
 *   cannot be opened; the next event tries again
 */
export const createHandler = (
  env: NodeJS.ProcessEnv,
  following: Following = unfollowed,
): ApiHandler => {
  let traces: OpenLog['traces']
  const opened = once(async () => {
    const all = await open(env, following)
    traces = all.traces
    return all
  })
  const front = new Hono()
  /** By event: what ends its request, with the number of bytes that were sent. */
  const ends = new WeakMap<APIGatewayProxyEventV2, (sent: number) => void>()
  front.fetch = async (request, host) => {
    const { app, redirectsManifestHeads } = await opened()
    const { event } = host as { readonly event: APIGatewayProxyEventV2 }
    const { requestContext } = event
    request.headers.set('X-Request-Id', requestContext.requestId)
    // Hono has set the received length; the client declared what it sent.
    const declared = event.headers['content-length']
    if (declared !== undefined) request.headers.set('Content-Length', declared)
    const received = bytesIn(event)
    const ended = Promise.withResolvers<Ending>()
    let sent = 0
    ends.set(event, (bytes) => {
      // The gateway drops the body of a response to HEAD.
      sent = requestContext.http.method === 'HEAD' ? 0 : bytes
      ended.resolve('sent')
    })
    const bindings = {
      origin: `https://${requestContext.domainName}`,
      address: requestContext.http.sourceIp,
      receivedBytes: received,
      ended: ended.promise,
      bytes: () => ({ received, sent }),
    } satisfies AppEnv['Bindings']
    const manifestHead = request.method === 'HEAD' && MANIFEST.test(new URL(request.url).pathname)
    if (!manifestHead || redirectsManifestHeads) return app.fetch(request, bindings)
    // With a body: the gateway may compute the Content-Length from it before it drops it.
    return app.fetch(new Request(request, { method: 'GET' }), { ...bindings, clientMethod: 'HEAD' })
  }
  // Hono's copies of AWS's types differ from them in parts that are not used here.
  const respond = handle(front, { isContentTypeBinary: isBinary }) as unknown as ApiHandler
  return async (received, context) => {
    const event = normalized(received)
    let sent = 0
    try {
      const result = await respond(event, context)
      sent = bytesIn(result)
      return result
    } finally {
      // The line of the log is written before the function may stand still.
      ends.get(event)?.(sent)
      if (traces) {
        // Its span ends as soon as all have heard of its end, which is by the next turn of the loop.
        await nextTurn()
        await traces.flush()
      }
    }
  }
}

/** The handler that the function's configuration names. */
export const handler = createHandler(process.env)
