/**
 * Requests to receivers: what is sent, where to, and what responses mean.
 *
 * @module
 */

import type { RequestListener } from 'node:http'
import { describe, expect, test } from 'vitest'
import { backOff } from '../../functions/events/back-off.ts'
import { outcomeOf } from '../../functions/events/outcome.ts'
import { createPost } from '../../functions/events/post.ts'
import type { Receiver } from '../../functions/events/receivers.ts'
import { until } from '../support/until.ts'
import { ORIGIN, receiverOf, secretsOf, serveReceiver } from './receiver.ts'
import { BEGIN, recordOf } from './records.ts'

const SECRETS = secretsOf({
  SLIPWAY_EVENT_KEY: 'key',
  SLIPWAY_EVENT_TOKEN: 'Bearer abc',
})
const post = createPost(ORIGIN, SECRETS, () => BEGIN)

const send = (receiver: Receiver, signal = new AbortController().signal) =>
  post(receiver, recordOf(), signal)

const DELIVERED = { kind: 'delivered' }

describe('responses', () => {
  const failed = (status: number, after?: number) => ({
    kind: 'failed',
    why: `responded ${status}`,
    after,
  })
  const refused = (status: number, more = '') => ({
    kind: 'refused',
    why: `responded ${status}${more}`,
  })
  const redirect = '; redirects are not followed'

  test.each<[number, string | undefined, object]>([
    [200, undefined, DELIVERED],
    [204, undefined, DELIVERED],
    [299, '5', DELIVERED],
    [301, undefined, refused(301, redirect)],
    [307, undefined, refused(307, redirect)],
    [400, undefined, refused(400)],
    [401, undefined, refused(401)],
    [404, undefined, refused(404)],
    [408, undefined, failed(408)],
    [410, undefined, { kind: 'gone', why: 'responded 410' }],
    [413, undefined, refused(413)],
    [425, undefined, failed(425)],
    [429, '7', failed(429, 7_000)],
    [429, '999999', failed(429, 3_600_000)],
    [429, 'soon', failed(429)],
    [500, undefined, failed(500)],
    [503, new Date(BEGIN + 5_000).toUTCString(), failed(503, 5_000)],
    [503, new Date(BEGIN - 5_000).toUTCString(), failed(503, 0)],
  ])('%i with Retry-After %s', (status, after, expected) => {
    expect(outcomeOf(status, after, BEGIN)).toEqual(expected)
  })
})

describe('a request', () => {
  const open = async (respond: RequestListener, more: object = {}) => {
    const served = await serveReceiver(respond)
    const receiver = receiverOf({ url: served.url, private: ['127.0.0.1'], ...more })
    return { ...served, receiver }
  }

  test('is signed, and has credentials', async () => {
    const more = {
      secret: ['env:SLIPWAY_EVENT_KEY', 'env:SLIPWAY_EVENT_TOKEN'],
      authorization: 'env:SLIPWAY_EVENT_TOKEN',
    }
    const { receiver, received } = await open((_, response) => response.end(), more)
    expect(await send(receiver)).toEqual(DELIVERED)
    const [{ headers, body } = { headers: {}, body: '' }] = received
    expect(headers).toMatchObject({
      'content-type': 'application/cloudevents+json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': 'slipway',
      'webhook-id': JSON.parse(body).id,
      'webhook-timestamp': String(BEGIN / 1000),
      'webhook-signature': expect.stringMatching(/^v1,\S{44} v1,\S{44}$/),
      authorization: 'Bearer abc',
    })
  })

  test("has distribution's envelope", async () => {
    const { receiver, received } = await open((_, response) => response.end(), {
      format: 'distribution',
    })
    expect(await send(receiver)).toEqual(DELIVERED)
    expect(received[0]?.headers['content-type']).toBe(
      'application/vnd.docker.distribution.events.v1+json',
    )
    expect(JSON.parse(received[0]?.body ?? '').events).toHaveLength(1)
  })

  test('is not sent without its secret', async () => {
    const { receiver, received } = await open((_, response) => response.end(), {
      secret: 'env:SLIPWAY_EVENT_NONE',
    })
    expect(await send(receiver)).toMatchObject({
      kind: 'failed',
      why: 'the secret env:SLIPWAY_EVENT_NONE is not set, or empty',
    })
    expect(received).toEqual([])
  })

  test('follows no redirect', async () => {
    const other = await serveReceiver((_, response) => response.end())
    const { receiver } = await open((_, response) =>
      response.writeHead(307, { location: other.url }).end(),
    )
    expect(await send(receiver)).toMatchObject({ kind: 'refused' })
    expect(other.received).toEqual([])
  })

  test.each<[string, RequestListener]>([
    [
      'that never ends',
      (_, response) => {
        response.on('error', () => {})
        const write = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        }
        response.on('drain', write)
        write()
      },
    ],
    [
      'that is cut',
      (_, response) => {
        response.writeHead(200, { 'content-length': 5 }).flushHeaders()
        setImmediate(() => response.destroy())
      },
    ],
  ])('is delivered with a response %s', async (_, respond) => {
    const { receiver } = await open(respond)
    expect(await send(receiver)).toEqual(DELIVERED)
  })

  test('fails where nobody responds, listens or is known', async () => {
    const { receiver, received } = await open(() => {})
    const ends = new AbortController()
    const sent = send(receiver, ends.signal)
    await until(() => received.length === 1)
    ends.abort()
    expect(await sent).toMatchObject({ kind: 'failed' })
    for (const url of ['http://127.0.0.1:1/', 'http://nobody.invalid/']) {
      const outcome = await send(receiverOf({ url, private: true }))
      expect(outcome).toMatchObject({ kind: 'failed', why: expect.stringMatching(/\S/) })
    }
  })

  test.each<[string, string, unknown]>([
    ['a name that has a private address', 'http://localhost:PORT/', undefined],
    ['another private address', 'http://localhost:PORT/', ['10.0.0.0/8']],
  ])('is not sent to %s', async (_, url, allowed) => {
    const { url: served, received } = await open((_, response) => response.end())
    const there = url.replace('PORT', new URL(served).port)
    expect(await send(receiverOf({ url: there, private: allowed }))).toEqual({
      kind: 'failed',
      why: 'localhost has a private address, which is not allowed',
    })
    expect(received).toEqual([])
  })
})

test('back-off doubles from a second to ten minutes, half of it at random', () => {
  const least = [1, 2, 3, 10, 11, 1000].map((failures) => backOff(failures, () => 0))
  expect(least).toEqual([500, 1_000, 2_000, 256_000, 300_000, 300_000])
  expect(backOff(1000, () => 1)).toBe(600_000)
})
