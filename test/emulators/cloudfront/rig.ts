/**
 * A distribution before an origin that tells what it was asked.
 *
 * @module
 */

import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach } from 'vitest'
import { createAgent, sendOver } from '../../support/hosts/wire.ts'
import { distributionOf, type Template } from './config.ts'
import type { OriginResponse } from './lambda-edge.ts'
import { type CloudFrontOptions, startCloudFront } from './server.ts'

export const DISABLED = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad'
export const ALL_BUT_HOST = 'b689b0a8-53d0-40ab-baf2-68738e2966ac'
const EVERY_METHOD = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE']

/** What an origin answers, by default what it was asked. */
export type Answers = (incoming: IncomingMessage, body: Buffer) => readonly [number, object, string]
const echo: Answers = ({ method, url, headers, rawHeaders }, body) => [
  200,
  { 'Content-Type': 'application/json' },
  JSON.stringify({ method, url, headers, rawHeaders, size: body.byteLength }),
]

/** What runs after each test. */
const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

interface Wishes {
  readonly behaviour?: object
  readonly more?: readonly object[]
  readonly origin?: object
  readonly resources?: Template['Resources']
  readonly errors?: readonly object[]
  readonly answers?: Answers
  readonly delay?: number
  readonly originResponse?: OriginResponse
  readonly now?: () => number
  readonly keyValues?: CloudFrontOptions['keyValues']
}

/** A distribution before an origin that is called `origin.example`. */
export const start = async ({ answers = echo, delay = 0, ...wishes }: Wishes = {}) => {
  let asked = 0
  const origin = createServer(async (incoming, outgoing) => {
    asked += 1
    const [status, headers, body] = answers(incoming, await buffer(incoming))
    if (delay > 0) await sleep(delay)
    outgoing.writeHead(status, headers as Record<string, string>).end(body)
  })
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  const { port } = origin.address() as AddressInfo
  const template: Template = {
    Resources: {
      ...wishes.resources,
      Distribution: {
        Type: 'AWS::CloudFront::Distribution',
        Properties: {
          DistributionConfig: {
            Origins: [
              {
                Id: 'one',
                DomainName: 'origin.example',
                CustomOriginConfig: {},
                ...wishes.origin,
              },
              { Id: 'two', DomainName: 'bucket.example', S3OriginConfig: {} },
            ],
            CacheBehaviors: wishes.more ?? [],
            CustomErrorResponses: wishes.errors ?? [],
            DefaultCacheBehavior: {
              TargetOriginId: 'one',
              AllowedMethods: EVERY_METHOD,
              CachePolicyId: DISABLED,
              OriginRequestPolicyId: ALL_BUT_HOST,
              ...wishes.behaviour,
            },
          },
        },
      },
    },
  }
  const edge = await startCloudFront({
    distribution: distributionOf(template, String),
    reach: () => ({ url: `http://127.0.0.1:${port}` }),
    ...(wishes.originResponse ? { originResponse: wishes.originResponse } : {}),
    ...(wishes.now ? { now: wishes.now } : {}),
    ...(wishes.keyValues ? { keyValues: wishes.keyValues } : {}),
  })
  const agent = createAgent()
  ends.push(async () => {
    agent.destroy()
    await edge.stop()
    origin.closeAllConnections()
    await new Promise((resolve) => origin.close(resolve))
  })
  const send = (request: string, headers: Record<string, string> = {}, body?: Buffer) => {
    const [method = '', target = ''] = request.split(' ')
    return sendOver(agent, edge.url, { method, target, headers, ...(body ? { body } : {}) })
  }
  const told = async (...args: Parameters<typeof send>) =>
    JSON.parse((await send(...args)).body.toString())
  return { ...edge, send, told, asked: () => asked }
}
