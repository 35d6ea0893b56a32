/**
 * How the registry is reached.
 *
 * @module
 */

import { once } from 'node:events'
import { isIP } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { type Check, firstWrong } from '../check.ts'
import { createClient } from '../client.ts'

/** Milliseconds that a first response may take: jib gives up after 20 seconds. */
const PATIENCE = 10_000
/** Milliseconds that later responses may take. */
const WARM = 1000
/** Requests at once: as many as a few nodes send when they pull an image. */
const AT_ONCE = 40
/** Milliseconds without a request. */
const IDLE = 1000

const LOOPBACK = /^(?:127(?:\.\d+){3}|localhost|\[::1\])$/

/** What the server chooses when offered these protocols. */
const handshake = async (url: URL, offered: readonly string[]) => {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const socket = connect({
    host,
    port: Number(url.port || 443),
    ...(isIP(host) ? {} : { servername: host }),
    ALPNProtocols: [...offered],
  })
  await once(socket, 'secureConnect')
  const seen = {
    version: socket.getProtocol() ?? '',
    // A server that does not respond to the offer speaks HTTP/1.1.
    http: socket.alpnProtocol || 'http/1.1',
    until: new Date(socket.getPeerCertificate().valid_to).toISOString().slice(0, 10),
  }
  socket.destroy()
  return seen
}

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!

/** Checks of the connection itself. */
export const connectionChecks: readonly Check[] = [
  {
    id: 'tls',
    asks: 'TLS, and HTTP/1.1 for clients without HTTP/2',
    advice: 'use an https address with a certificate that clients trust',
    run: async ({ origin }) => {
      const url = new URL(origin)
      if (url.protocol === 'http:') {
        const local = LOOPBACK.test(url.hostname)
        return {
          seen: `none: plain HTTP${local ? ' on loopback' : ''}`,
          wrong: local ? undefined : 'clients refuse plain HTTP beyond loopback',
        }
      }
      const newest = await handshake(url, ['h2', 'http/1.1'])
      const plain = await handshake(url, ['http/1.1'])
      return {
        seen: `${newest.version}, ${newest.http}, certificate until ${newest.until}`,
        wrong: firstWrong(
          [/^TLSv1\.[23]$/.test(newest.version), 'the TLS version is too old'],
          [plain.http === 'http/1.1', 'there is no HTTP/1.1, which docker and podman speak'],
        ),
      }
    },
  },
  {
    id: 'first-response',
    asks: 'GET /v2/ on a new connection',
    advice: 'check the duration in the log; more memory (memory) makes a cold start faster',
    run: async ({ origin }) => {
      const client = createClient()
      try {
        const { ms, status } = await client.send({ method: 'GET', url: `${origin}/v2/` })
        return {
          seen: `${status} after ${Math.round(ms)} ms`,
          wrong: firstWrong([ms < PATIENCE, 'clients give up sooner']),
        }
      } finally {
        client.close()
      }
    },
  },
  {
    id: 'warm-responses',
    asks: 'ten times GET /v2/',
    advice: 'check the durations in the log: it is slow beyond the network',
    run: async ({ client, origin }) => {
      const times: number[] = []
      for (let n = 0; n < 10; n += 1) {
        times.push((await client.send({ method: 'GET', url: `${origin}/v2/` })).ms)
      }
      return {
        seen: `median ${Math.round(median(times))} ms, longest ${Math.round(Math.max(...times))} ms`,
        wrong: firstWrong([median(times) < WARM, 'each request of a push waits this long']),
      }
    },
  },
  {
    id: 'at-once',
    asks: `GET /v2/, ${AT_ONCE} times at once`,
    advice:
      'raise the quota "Concurrent executions" of Lambda, which can be 10 in an account, or reservedConcurrency, rate and burst of the stack',
    run: async ({ origin }) => {
      const client = createClient()
      try {
        const sent = Array.from({ length: AT_ONCE }, () =>
          client.send({ method: 'GET', url: `${origin}/v2/` }),
        )
        const answers = await Promise.allSettled(sent)
        const statuses = answers.map((each) =>
          each.status === 'fulfilled' ? String(each.value.status) : 'none',
        )
        const counts = [...Map.groupBy(statuses, (status) => status)].map(
          ([status, all]) => `${all.length} × ${status}`,
        )
        return {
          seen: counts.join(', '),
          wrong: firstWrong([
            statuses.every((status) => /^(?:200|401)$/.test(status)),
            'requests at once are refused: a pull of many layers, or by many nodes, fails',
          ]),
        }
      } finally {
        client.close()
      }
    },
  },
  {
    id: 'keep-alive',
    asks: `two requests on one connection, a third after ${IDLE / 1000} s`,
    advice: 'check what is in front of the registry: something closes connections',
    run: async ({ client, origin }) => {
      const ping = () => client.send({ method: 'GET', url: `${origin}/v2/` })
      await ping()
      const { reused, headers } = await ping()
      await sleep(IDLE)
      const later = await ping()
      const keepAlive = headers.get('Keep-Alive')
      return {
        seen: `${later.reused ? 'kept' : 'closed'} when idle${keepAlive === null ? '' : ` (${keepAlive})`}`,
        wrong: firstWrong([reused, 'each request needs a new connection']),
      }
    },
  },
]
