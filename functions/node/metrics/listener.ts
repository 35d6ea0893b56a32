/**
 * The listener for those who watch a server: metrics and health, on an address of its own, without credentials.
 *
 * @module
 */

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { UPLOAD_SECRET_KEY } from '../../registry/layout.ts'
import { cached } from '../../shared/cached.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { listen } from '../listen.ts'

/** Least milliseconds between two calls of the store for `/debug/health`, however many ask. */
export const CHECK_EVERY = 10_000

export interface WatchOptions {
  readonly metrics: {
    readonly contentType: string
    /** All metrics as they are now. */
    text(): Promise<string>
  }
  /** Whether requests are to be sent here. */
  readonly isReady: () => boolean | Promise<boolean>
  readonly store: Pick<ObjectStore, 'head'>
  /** Clock in milliseconds. Default: one that is never set back. */
  readonly now?: () => number
}

interface Said {
  readonly status: number
  readonly type: string
  readonly body: string
}

const words = (status: number, body: string): Said => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${body}\n`,
})

/** What is said at each path. */
const paths = (options: WatchOptions): Readonly<Record<string, () => Promise<Said>>> => {
  const { metrics, store, isReady, now } = options
  const responds = cached(
    async () => {
      try {
        await store.head(UPLOAD_SECRET_KEY)
        return true
      } catch {
        return false
      }
    },
    { maxAge: CHECK_EVERY, ...(now === undefined ? {} : { now }) },
  )
  return {
    '/metrics': async () => ({
      status: 200,
      type: metrics.contentType,
      body: await metrics.text(),
    }),
    '/livez': async () => words(200, 'ok'),
    '/readyz': async () => ((await isReady()) ? words(200, 'ok') : words(503, 'not ready')),
    '/debug/health': async () => {
      const ok = await responds.get()
      const body = `${JSON.stringify({ store: ok ? 'ok' : 'does not respond' })}\n`
      return { status: ok ? 200 : 503, type: 'application/json', body }
    },
  }
}

/** Answers requests for metrics and health. */
export const watchListener = (options: WatchOptions): RequestListener => {
  const known = paths(options)
  const say = async (method = '', target = ''): Promise<Said> => {
    const [path = ''] = target.split('?')
    const found = Object.hasOwn(known, path) ? known[path] : undefined
    if (found === undefined) return words(404, `there are ${Object.keys(known).join(', ')}`)
    return ['GET', 'HEAD'].includes(method) ? found() : words(405, 'GET and HEAD alone')
  }
  return async ({ method, url }, outgoing) => {
    const { status, type, body } = await say(method, url)
    outgoing.writeHead(status, {
      'Content-Type': type,
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
    })
    outgoing.end(method === 'HEAD' ? undefined : body)
  }
}

/** A listener that can be asked. */
export interface Watched {
  readonly url: string
  /** Ends it, and whatever is under way on it. */
  stop(): Promise<void>
}

/** Listens. It does not keep the process alive. @throws StartError */
export const startWatchListener = async (
  address: { readonly host: string; readonly port: number },
  options: WatchOptions,
): Promise<Watched> => {
  const server = createServer(watchListener(options))
  server.unref()
  await listen(server, address, '--metrics')
  const { family, address: host, port } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${host}]` : host}:${port}`,
    async stop() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
      server.closeAllConnections()
      await closed
    },
  }
}
