/**
 * Bodies that are cut short: the connection breaks, and nothing becomes readable.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, test } from 'vitest'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { blob, CONFIG, type Content, imageOf } from '../support/hosts/content.ts'
import { expectStatus, locationOf } from '../support/rig/client.ts'
import { allObjects, checkNothingReadable, checkStore } from '../support/rig/invariants.ts'
import { begin, pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { connectTo, type OpenedServer, SERVERS } from '../support/rig/server.ts'

/** How a body of these bytes is declared, and how much of it is sent. */
const CUTS: readonly {
  readonly description: string
  readonly headers: (size: number) => string
  readonly encode: (bytes: Buffer) => Buffer
}[] = [
  {
    description: 'Content-Length is larger than what comes',
    headers: (size) => `Content-Length: ${size + 1}\r\n`,
    encode: (bytes) => bytes,
  },
  {
    description: 'chunks without the last, empty one',
    headers: () => 'Transfer-Encoding: chunked\r\n',
    encode: (bytes) =>
      Buffer.concat([
        Buffer.from(`${bytes.byteLength.toString(16)}\r\n`),
        bytes,
        Buffer.from('\r\n'),
      ]),
  },
]

/** How a client disconnects: at once, or only its own half, still able to read a response. */
const ENDS = ['closed', 'half-closed'] as const

const sendCut = async (
  { url }: OpenedServer,
  request: string,
  cut: (typeof CUTS)[number],
  bytes: Buffer,
  end: (typeof ENDS)[number],
): Promise<string> => {
  const socket = await connectTo(url)
  const head = `${request} HTTP/1.1\r\nHost: registry\r\nContent-Type: ${OCI_MANIFEST}\r\n`
  socket.write(`${head}${cut.headers(bytes.byteLength)}\r\n`)
  await new Promise((sent) => socket.write(cut.encode(bytes), sent))
  const answered = text(socket).catch(() => '')
  if (end === 'half-closed') socket.end()
  else {
    // Long enough for the server to have read everything.
    await sleep(50)
    socket.destroy()
  }
  const answer = await answered
  await sleep(50)
  return answer
}

/** Waits until a server has ended its work for requests whose clients are gone. */
const eventually = async (check: () => Promise<void>): Promise<void> => {
  for (let tries = 0; tries < 300; tries++) {
    try {
      return await check()
    } catch {
      await sleep(100)
    }
  }
  await check()
}

for (const [name, open] of SERVERS) {
  describe(name, async () => {
    const server = await open()
    afterAll(server.close)

    /** Each request that takes bytes and would succeed with exactly those that are sent. */
    const requests = (content: Content): readonly (readonly [string, () => Promise<string>])[] => [
      ['POST with digest', async () => `POST /v2/cut/blobs/uploads/?digest=${content.sha256}`],
      [
        'PUT with digest',
        async () =>
          `PUT ${locationOf(await begin(server.send, 'cut'), `digest=${content.sha256}`)}`,
      ],
      ['PATCH', async () => `PATCH ${locationOf(await begin(server.send, 'cut'))}`],
    ]

    for (const cut of CUTS) {
      for (const end of ENDS) {
        for (const size of [1000, 15 * 1024 * 1024]) {
          const content = blob(`${name} ${cut.description} ${end}`, size)
          for (const [request, line] of requests(content)) {
            test(`${request} of ${size} bytes, ${end}: ${cut.description}`, async () => {
              const answer = await sendCut(server, await line(), cut, content.bytes, end)
              assert.doesNotMatch(answer, /^HTTP\/1.1 (2|5)/)
              await checkNothingReadable(server.store)
            })
          }
        }
      }
    }

    test('what was cut takes no space: no multipart upload stays open', async () => {
      await eventually(async () => {
        assert.deepEqual(await server.store.listMultiparts(''), [])
        assert.deepEqual(await allObjects(server.store, 'slipway/v1/uploads/'), [])
      })
    })

    test('an upload whose PATCH was cut continues from its last state', async () => {
      const content = blob(`${name} goes on`, 15 * 1024 * 1024)
      const state = locationOf(await begin(server.send, 'goes/on'))
      const [cut] = CUTS
      assert.ok(cut)
      await sendCut(server, `PATCH ${state}`, cut, content.bytes.subarray(0, 8_500_000), 'closed')
      const patched = await expectStatus(202, server.send(`PATCH ${state}`, content.bytes))
      const put = `PUT ${locationOf(patched, `digest=${content.sha256}`)}`
      await expectStatus(201, server.send(put))
    })

    test('a manifest that was cut is refused, even if what was received is valid', async () => {
      await pushAtOnce(server.send, 'manifests', CONFIG)
      for (const cut of CUTS) {
        for (const end of ENDS) {
          const image = imageOf()
          const line = 'PUT /v2/manifests/manifests/v1'
          const answer = await sendCut(server, line, cut, image.bytes, end)
          assert.doesNotMatch(answer, /^HTTP\/1.1 (2|5)/)
          const { links } = await checkStore(server.store)
          assert.deepEqual(
            links.filter((link) => link.includes('manifests/_manifests')),
            [],
          )
        }
      }
      await pushManifest(server.send, 'manifests', 'v1', imageOf())
    })
  })
}
