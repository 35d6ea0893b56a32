/**
 * The client that all registries are measured with: HTTP/1.1 over kept connections, bodies streamed
 * from memory, answers counted and thrown away. It computes no digests, which would take CPU from the
 * servers on the same machine; the first pull of each image is checked, see pull.ts.
 *
 * @module
 */

import { once } from 'node:events'
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'

/** Bytes written at once to a connection. */
const WRITE = 1024 * 1024

/** How the client names itself, to registries and where they redirect it to. */
export const USER_AGENT = 'slipway-bench'

/** A request of the client. */
export interface Call {
  readonly method: string
  /** An absolute URL, or a path of the registry. */
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
  /** Sends the body in chunks, without telling its length. */
  readonly chunked?: boolean
  /** Is given the bytes of the answer as they come. */
  readonly onBytes?: (bytes: Buffer) => void
}

/** An answer whose body was read to its end. */
export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Bytes of the body. */
  readonly size: number
}

/** A client of one registry. */
export interface Client {
  /** Sends a request and reads the answer; redirects are not followed. */
  send(call: Call): Promise<Reply>
  /** Ends the connections. */
  close(): void
}

const write = async (outgoing: ReturnType<typeof request>, body: Buffer): Promise<void> => {
  for (let at = 0; at < body.byteLength; at += WRITE) {
    if (!outgoing.write(body.subarray(at, at + WRITE))) await once(outgoing, 'drain')
  }
  outgoing.end()
}

/** A kept connection that the server had closed by the time it was used again. */
class StaleConnection extends Error {}

/** Sends a request and waits for the head of its answer. @throws StaleConnection */
const exchange = async (
  agent: Agent,
  url: URL,
  { method, headers = {}, body, chunked = false }: Call,
): Promise<IncomingMessage> => {
  const outgoing = request(url, {
    agent,
    method,
    headers: { 'User-Agent': USER_AGENT, ...headers },
  })
  // There may be several, and some after the answer, which says what became of the request.
  outgoing.on('error', () => {})
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>
  try {
    if (body === undefined) {
      if (!['GET', 'HEAD'].includes(method)) outgoing.setHeader('Content-Length', 0)
      outgoing.end()
    } else {
      if (!chunked) outgoing.setHeader('Content-Length', body.byteLength)
      await Promise.race([write(outgoing, body), answered])
    }
    return (await answered)[0]
  } catch (cause) {
    throw outgoing.reusedSocket ? new StaleConnection(String(cause), { cause }) : cause
  }
}

/** Opens a client. @param origin for example `http://127.0.0.1:5000` */
export const createClient = (origin: string): Client => {
  const agent = new Agent({ keepAlive: true })
  const answer = async (call: Call): Promise<IncomingMessage> => {
    for (;;) {
      try {
        return await exchange(agent, new URL(call.url, origin), call)
      } catch (error) {
        // All clients ask again on another connection, of which the agent has few.
        if (!(error instanceof StaleConnection)) throw error
      }
    }
  }
  return {
    async send(call) {
      const incoming = await answer(call)
      let size = 0
      incoming.on('data', (bytes: Buffer) => {
        size += bytes.byteLength
        call.onBytes?.(bytes)
      })
      await once(incoming, 'end')
      return { status: incoming.statusCode ?? 0, headers: incoming.headers, size }
    },
    close: () => agent.destroy(),
  }
}

/** Sends a request that must be answered with one of these statuses. @throws Error when it is not */
export const expect = async (
  client: Client,
  statuses: readonly number[],
  call: Call,
): Promise<Reply> => {
  const said: Buffer[] = []
  const onBytes = call.onBytes ?? ((bytes: Buffer) => said.length < 4 && said.push(bytes))
  const reply = await client.send({ ...call, onBytes })
  if (statuses.includes(reply.status)) return reply
  const text = Buffer.concat(said).toString().slice(0, 500)
  throw new Error(`${call.method} ${call.url}: ${reply.status} ${text}`)
}
