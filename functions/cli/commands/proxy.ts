/**
 * `slipway proxy`: a registry on loopback that stands for another one, for clients that push by one
 * connection a layer.
 *
 * @module
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Settings } from '../../compose/setting-table.ts'
import { listen } from '../../node/listen.ts'
import { proxyTo } from '../../transfer/proxy/proxy.ts'
import { credentialsFor } from '../../transfer/registry/docker-config.ts'
import { createHttp } from '../../transfer/registry/http.ts'
import { UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { VERSION } from '../version.ts'

interface Given {
  readonly flags: { readonly to: string | undefined }
  readonly settings: Pick<Settings, 'listen'>
}

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/

const originOf = (address: string | undefined): string => {
  const url = URL.parse(address ?? '')
  if (url && /^https?:$/.test(url.protocol) && url.pathname === '/') return url.origin
  throw new UsageError(
    `--to is ${JSON.stringify(address ?? '')}: expected the registry's address, as in https://registry.example`,
  )
}

/**
 * Serves until it is stopped.
 *
 * @throws UsageError, StartError when it cannot listen
 */
export const proxy = async (io: Io, { flags, settings }: Given): Promise<void> => {
  const origin = originOf(flags.to)
  const { host, port } = settings.listen
  if (!LOOPBACK.test(host)) {
    throw new UsageError(
      `--listen is ${host}: the proxy pushes with your credentials, so it listens on loopback alone`,
    )
  }
  const http = createHttp(`slipway/${VERSION}`)
  const directory = await mkdtemp(join(tmpdir(), 'slipway-proxy-'))
  const credentials = await credentialsFor(new URL(origin).host, io.env)
  const server = createServer(proxyTo({ http, origin, credentials, directory, say: io.say }))
  // A client waits for the end of an upload to the registry.
  server.requestTimeout = 0
  await listen(server, { host, port })
  const address = server.address()
  const listening = typeof address === 'object' && address !== null ? address.port : port
  io.onStop(() => {
    server.closeAllConnections()
    http.close()
    void rm(directory, { recursive: true, force: true }).then(() => io.exit(0))
  })
  io.say(`Push to ${host}:${listening}/NAME: it goes to ${origin}. Stop with Ctrl+C.`)
}
