/**
 * A proxy to an S3 server that records the requests.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'vitest'

/** A request as it was sent. */
export interface Recorded {
  readonly method: string | undefined
  /** Path and query, as they were written. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
}

/** A proxy, and the requests recorded so far. */
export interface Recorder {
  /** URL of the proxy. */
  readonly endpoint: string
  /** What was sent since this was last called, in order. */
  take(): Recorded[]
}

/** Starts a proxy that ends with the test. Headers pass unchanged, so that signatures stay valid. */
export const startRecorder = async (t: TestContext, endpoint: string): Promise<Recorder> => {
  const { hostname, port } = new URL(endpoint)
  let seen: Recorded[] = []
  const server = createServer((incoming, outgoing) => {
    const { method, url: target = '', headers } = incoming
    seen.push({ method, target, headers })
    const forwarded = request({ hostname, port, method, path: target, headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 0, response.headers)
      response.on('error', () => outgoing.destroy()).pipe(outgoing)
    })
    forwarded.on('error', () => incoming.socket.destroy())
    incoming.pipe(forwarded)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take: () => {
      const taken = seen
      seen = []
      return taken
    },
  }
}
