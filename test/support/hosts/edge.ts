/**
 * A registry behind its edge, as the stack with `edge=on` deploys it: the synthesized distribution before the
 * function behind its gateway and the Web Function behind its endpoint, on one bucket.
 *
 * @module
 */

import { edgeSecret } from '../../../functions/compose/edge.ts'
import { publicEdgeKey } from '../../../functions/compose/edge-key.ts'
import { openStore, uploadSecret } from '../../../functions/compose/open-store.ts'
import { readSettings } from '../../../functions/compose/settings.ts'
import { createHandler } from '../../../functions/handlers/api.ts'
import { distributionOf, type Template } from '../../emulators/cloudfront/config.ts'
import type { OriginResponse } from '../../emulators/cloudfront/lambda-edge.ts'
import type { Reached } from '../../emulators/cloudfront/origin.ts'
import {
  type CloudFront,
  type CloudFrontOptions,
  startCloudFront,
} from '../../emulators/cloudfront/server.ts'
import { lambdaOf } from '../../emulators/gateway/function.ts'
import { type GatewayHabits, settingsFor } from '../../emulators/gateway/habits.ts'
import { type GatewayServer, startGateway } from '../../emulators/gateway/server.ts'
import type { S3Server } from '../../emulators/s3/server.ts'
import { createRevision } from '../../emulators/web-function/environment.ts'
import { settingsAt, type WebFunctionHabits } from '../../emulators/web-function/habits.ts'
import { type Endpoint, startEndpoint } from '../../emulators/web-function/server.ts'
import { type Context, synth, written } from '../../lib/synth.ts'
import type { HostWishes, StartedHost } from './host.ts'
import { startBucket } from './start.ts'
import { createAgent, sendOver } from './wire.ts'

const EDGE = {
  domain: 'registry.example.com',
  hostedZoneId: 'Z0123456789',
  hostedZoneName: 'example.com',
  edge: 'on',
}

const KEY_ID = 'K2JCJMDEHXQW5F'

/** Where the function for responses of origins is; it has no types. */
const ORIGIN_RESPONSE = new URL('../../../lib/edge/origin-response/index.mjs', import.meta.url)

export interface EdgeHabits {
  readonly gateway: GatewayHabits
  readonly web: WebFunctionHabits
  /** Where blobs are downloaded from. Default: from S3. */
  readonly blobs?: 'cloudfront'
  /** What the edge takes for public, and keeps. Default: it keeps no answers. */
  readonly listed?: ReadonlyMap<string, string>
}

export interface BehindEdge {
  readonly edge: CloudFront
  readonly gateway: GatewayServer
  readonly endpoint: Endpoint
  stop(): Promise<void>
}

interface Distribution {
  readonly edge: CloudFront
  /** Where the origins are; filled in as they start. */
  readonly origins: Record<string, Reached>
  /** What a function is told of the edge, beside what it needs to use the bucket. */
  readonly settings: Readonly<Record<string, string>>
}

/** What of a distribution differs. */
interface DistributionWishes {
  /** More context values that it is synthesized with. */
  readonly context?: Context
  readonly keyValues?: NonNullable<CloudFrontOptions['keyValues']>
  readonly now?: () => number
}

/** Starts the distribution alone. @param env what a function needs to use the bucket */
export const startDistribution = async (
  s3: S3Server,
  env: Readonly<Record<string, string>>,
  { context = {}, ...others }: DistributionWishes = {},
): Promise<Distribution> => {
  const settings = readSettings([], env)
  const { store } = settings
  if (store.kind !== 's3') throw new Error('the registry must be in a bucket')
  const opened = await openStore(settings, env)
  const root = await uploadSecret(opened)
  /** What only a deploy knows. */
  const values: readonly (readonly [RegExp, string])[] = [
    [/^<\w*EdgeSecret\w*\.Value>$/, edgeSecret(root, '1')],
    [/^<\w*EdgeSecret\w*\.PublicKey1>$/, publicEdgeKey(root, '1')],
    [/^<\w*EdgeKeys\w*>$/, KEY_ID],
  ]
  const { handler } = (await import(ORIGIN_RESPONSE.href)) as { handler: OriginResponse }
  const origins: Record<string, Reached> = {
    bucket: {
      url: s3.endpoint,
      host: new URL(env.SLIPWAY_S3_ENDPOINT ?? '').host,
      sign: async (method, target) => {
        const { pathname, searchParams } = new URL(target, 'http://bucket')
        const contentType = searchParams.get('response-content-type')
        const url = await opened.presign?.(
          method as 'GET',
          decodeURIComponent(pathname).slice(store.prefix.length + 2),
          { expiresIn: 60, ...(contentType === null ? {} : { contentType }) },
        )
        const { pathname: path, search } = new URL(url ?? '')
        return path + search
      },
    },
  }
  const template = synth({ ...EDGE, prefix: store.prefix, ...context }) as Template
  const edge = await startCloudFront({
    distribution: distributionOf(template, (value) => {
      const text = written(value)
      const [, known] = values.find(([pattern]) => pattern.test(text)) ?? []
      if (known !== undefined) return known
      // Names that only a deploy knows, in the form of host names.
      return text.replaceAll(/<([^>]*)>/g, (_, name: string) =>
        name.replaceAll(/\W/g, '').toLowerCase(),
      )
    }),
    reach: ({ id }) => origins[id] ?? { url: 'http://127.0.0.1:9' },
    originResponse: handler,
    ...others,
  })
  return {
    edge,
    origins,
    settings: {
      SLIPWAY_PUBLIC_URL: edge.url,
      SLIPWAY_EDGE: 'on',
      SLIPWAY_EDGE_KEY_ID: KEY_ID,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    },
  }
}

/** Starts all of it before a bucket. @param env what a function needs to use the bucket */
export const startEdge = async (
  s3: S3Server,
  env: Readonly<Record<string, string>>,
  habits: EdgeHabits,
): Promise<BehindEdge> => {
  const { listed } = habits
  const kept = listed && {
    context: { blobs: 'cloudfront', edgeCache: 'public' },
    // Whatever it is called in the template.
    keyValues: new Proxy({}, { get: () => listed }),
  }
  const { edge, origins, settings } = await startDistribution(s3, env, kept)
  const own = {
    ...env,
    ...settings,
    ...(kept && { SLIPWAY_EDGE_CACHE: '60s' }),
    ...(habits.blobs && { SLIPWAY_BLOBS: habits.blobs }),
  }
  const gateway = await startGateway({
    habits: habits.gateway,
    open: () => lambdaOf(createHandler({ ...own, ...settingsFor(habits.gateway) })),
  })
  origins.api = { url: gateway.url }
  const revision = createRevision(habits.web, { ...own, ...settingsAt(habits.web) })
  const endpoint = await startEndpoint({ habits: habits.web, open: () => revision.start })
  origins.uploads = { url: endpoint.url, host: endpoint.address }
  return {
    edge,
    gateway,
    endpoint,
    stop: async () => {
      await edge.stop()
      await gateway.stop()
      await endpoint.stop()
      revision.remove()
    },
  }
}

/** The registry behind its edge, as a host of the protocol's tables. */
export const startOnEdge = async (
  habits: EdgeHabits,
  { readOnly = false }: HostWishes = {},
): Promise<StartedHost> => {
  const { server, env } = await startBucket()
  const behind = await startEdge(
    server,
    {
      ...env,
      ...(readOnly ? { SLIPWAY_READ_ONLY: 'on' } : {}),
      // A name other than the edge's, as on AWS.
      SLIPWAY_S3_ENDPOINT: server.endpoint.replace('127.0.0.1', 'localhost'),
    },
    habits,
  )
  const agent = createAgent()
  return {
    name: 'edge',
    redirects: true,
    gateway: habits.gateway,
    edge: true,
    send: ({ headers, ...sent }) =>
      // The Location of an upload is relative to clients that are known to resolve one.
      sendOver(agent, behind.edge.url, {
        ...sent,
        headers: { 'User-Agent': 'containerd/v2.3.4', ...headers },
      }),
    stop: async () => {
      agent.destroy()
      await behind.stop()
      await server.close()
    },
  }
}
