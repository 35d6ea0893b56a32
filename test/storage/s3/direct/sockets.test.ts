/**
 * Sockets that share a buffer: each gets its own bytes, with TLS and without.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { hash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import * as http from 'node:http'
import * as https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, test } from 'vitest'
import { readingUpTo } from '../../../../functions/storage/s3/direct/sockets.ts'

/** Some are larger than what is read at once, and none is a multiple of it. */
const SIZES = [1, 1000, 65_536, 1_000_003, 3_000_017]
const CONTENTS = SIZES.map((size) => randomBytes(size))

const answer: http.RequestListener = (request, response) => {
  const content = CONTENTS[Number(request.url?.slice(1))]
  if (Number(request.headers.length) === 1) response.setHeader('Content-Length', content!.length)
  response.end(content)
}

/** No connection is closed while the client is about to use it again, however late that is. */
const KEPT = { keepAliveTimeout: 0 }

const certificate = () => {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-sockets-'))
  const [key, cert] = [join(directory, 'key'), join(directory, 'cert')]
  const subject = ['-subj', '/CN=localhost', '-days', '1', '-nodes', '-x509']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  })
  const files = { key: readFileSync(key), cert: readFileSync(cert) }
  rmSync(directory, { recursive: true })
  return files
}

const KINDS = {
  'in the clear': () => ({
    server: http.createServer(KEPT, answer),
    get: http.get,
    agent: new http.Agent({ keepAlive: true, maxSockets: 8, ...readingUpTo(100_000) }),
  }),
  'by TLS': () => ({
    server: https.createServer({ ...certificate(), ...KEPT }, answer),
    get: https.get,
    agent: new https.Agent({
      keepAlive: true,
      maxSockets: 8,
      rejectUnauthorized: false,
      ...readingUpTo(100_000),
    }),
  }),
}

for (const [kind, open] of Object.entries(KINDS)) {
  describe(kind, () => {
    test('many downloads at once, some of them slow readers', async (t) => {
      const { server, get, agent } = open()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      t.onTestFinished(() => {
        agent.destroy()
        server.close()
        server.closeAllConnections()
      })
      const { port } = server.address() as AddressInfo
      const download = async (at: number) => {
        const which = at % CONTENTS.length
        const options = { agent, port, path: `/${which}`, headers: { length: at % 2 } }
        const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
          get(options, resolve).on('error', reject)
        })
        const chunks: Buffer[] = []
        if (at % 3 === 0) {
          for await (const chunk of response) {
            await turn()
            chunks.push(chunk)
          }
        } else {
          chunks.push(await buffer(response))
        }
        const expected = hash('sha256', CONTENTS[which]!)
        assert.equal(hash('sha256', Buffer.concat(chunks)), expected, `download ${at}`)
      }
      await Promise.all(Array.from({ length: 100 }, (_, at) => download(at)))
    })
  })
}
