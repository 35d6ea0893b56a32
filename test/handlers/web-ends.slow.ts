/**
 * The end of a Web Function's environment, by SIGTERM as AWS sends it: it takes less than the second that
 * there is, and uploads go on elsewhere.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createRevision } from '../emulators/web-function/environment.ts'
import { WEB_FUNCTIONS } from '../emulators/web-function/habits.ts'
import { startEndpoint } from '../emulators/web-function/server.ts'
import { blob } from '../support/hosts/content.ts'
import { startBucket } from '../support/hosts/start.ts'
import { createAgent, sendOver } from '../support/hosts/wire.ts'
import { expectStatus, locationOf, requestLine, type Send } from '../support/rig/client.ts'
import { begin, inChunks } from '../support/rig/push.ts'
import { eventually } from '../support/until.ts'

const MIB = 1024 * 1024
const HABITS = WEB_FUNCTIONS['length kept']

/** Bytes of which the last come when they may. */
async function* until(bytes: Buffer, first: number, go: Promise<void>): AsyncGenerator<Uint8Array> {
  yield* inChunks(bytes.subarray(0, first))
  await go
  yield* inChunks(bytes.subarray(first))
}

const UPLOADS = {
  'a PATCH of a range': (at: number, end: number) => ({ 'Content-Range': `${at}-${end - 1}` }),
  'a PATCH of the rest, in chunks': () => ({}),
}
for (const [name, headers] of Object.entries(UPLOADS)) {
  test(`${name} that SIGTERM cuts is sent again from where a GET says`, async (t) => {
    const { server, env } = await startBucket()
    const settings = {
      ...env,
      SLIPWAY_LOG_LEVEL: 'info',
      AWS_ACCESS_KEY_ID: server.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    }
    const revision = createRevision(HABITS, settings, 30_000)
    const endpoint = await startEndpoint({ habits: HABITS, open: () => revision.start })
    const agent = createAgent()
    t.onTestFinished(async () => {
      agent.destroy()
      await endpoint.stop()
      revision.remove()
      await server.close()
    })
    const send: Send = (request, body, more) =>
      sendOver(agent, endpoint.url, { ...requestLine(request), body, headers: more })

    const { bytes, sha256 } = blob('cut', 40 * MIB)
    const [first, end] = [5 * MIB, bytes.length]
    const begun = await begin(send, 'a')
    const accepted = await expectStatus(
      202,
      send(`PATCH ${locationOf(begun)}`, bytes.subarray(0, first), {
        'Content-Range': `0-${first - 1}`,
      }),
    )

    const { promise: never, resolve: release } = Promise.withResolvers<void>()
    const rest = bytes.subarray(first)
    const cut = send(
      `PATCH ${locationOf(accepted)}`,
      until(rest, 30 * MIB, never),
      headers(first, end),
    )
    cut.catch(() => {})
    await eventually(() => expect(server.counter.counts.UploadPart ?? 0).toBeGreaterThanOrEqual(2))
    const deploy = await endpoint.prepare(revision.start)
    const started = performance.now()
    await deploy('at once')
    const took = performance.now() - started
    expect((await cut).status).toBe(502)
    release()
    t.annotate(`it had ended ${Math.round(took)} ms after SIGTERM`)
    // A second is what it has; a machine that is busy is allowed for.
    expect(took).toBeLessThan(15_000)
    expect(revision.output()).toContain(
      'closed: the server was asked to stop, and waited for 0.5 s',
    )

    const status = await expectStatus(204, send(`GET ${locationOf(accepted)}`))
    expect(status.headers.get('Range')).toBe(`0-${first - 1}`)
    const patched = await expectStatus(
      202,
      send(`PATCH ${locationOf(status)}`, inChunks(rest), headers(first, end)),
    )
    await expectStatus(201, send(`PUT ${locationOf(patched, `digest=${sha256}`)}`))
    const pulled = await fetch(`${endpoint.url}/v2/a/blobs/${sha256}`)
    expect(Buffer.from(await pulled.arrayBuffer()).equals(bytes)).toBe(true)
  })
}

test('an environment without requests ends at once, also before it has had any', async (t) => {
  const { server, env } = await startBucket()
  const revision = createRevision(HABITS, env, 30_000)
  t.onTestFinished(async () => {
    revision.remove()
    await server.close()
  })
  for (const pause of [0, 300]) {
    const environment = await revision.start()
    await sleep(pause)
    const started = performance.now()
    await environment.end()
    // Half a second is for requests under way; here a machine that is busy is allowed for.
    expect(performance.now() - started).toBeLessThan(10_000)
  }
})
