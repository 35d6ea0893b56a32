/**
 * A Web Function's environment with as many uploads as it takes at once: it stays far below what AWS gives
 * it, and a request beside them finds another environment.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createRevision } from '../emulators/web-function/environment.ts'
import { WEB_FUNCTIONS } from '../emulators/web-function/habits.ts'
import { startEndpoint } from '../emulators/web-function/server.ts'
import { contentOf } from '../support/hosts/content.ts'
import { startBucket, temporaryDirectory } from '../support/hosts/start.ts'
import { createAgent, sendOver } from '../support/hosts/wire.ts'
import { expectStatus, locationOf, requestLine, type Send } from '../support/rig/client.ts'
import { begin, inChunks } from '../support/rig/push.ts'
import { until } from '../support/until.ts'

const MIB = 1024 * 1024
const HABITS = WEB_FUNCTIONS['length kept']
/** As lib/web-function.ts sets it. */
const AT_ONCE = 16

/** MiB that a process has had at most, and the files that it has open. */
const usedBy = (pid: number) => ({
  peak: Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmHWM:\s+(\d+)/)?.[1]) / 1024,
  descriptors: readdirSync(`/proc/${pid}/fd`).length,
  threads: readdirSync(`/proc/${pid}/task`).length,
})

test('16 uploads at once, each of more than a part', async (t) => {
  const { server, env } = await startBucket()
  const temporary = await temporaryDirectory()
  const revision = createRevision(HABITS, {
    ...env,
    TMPDIR: temporary.path,
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
  })
  const endpoint = await startEndpoint({
    habits: HABITS,
    open: () => revision.start,
    limits: { concurrency: AT_ONCE },
  })
  const agent = createAgent()
  t.onTestFinished(async () => {
    agent.destroy()
    await endpoint.stop()
    revision.remove()
    await server.close()
    await temporary.remove()
  })
  const send: Send = (request, body, headers) =>
    sendOver(agent, endpoint.url, { ...requestLine(request), body, headers })

  const random = randomBytes(20 * MIB)
  const contents = Array.from({ length: AT_ONCE }, (_, at) =>
    contentOf(Buffer.concat([Buffer.from([at]), random])),
  )
  const started = performance.now()
  await expectStatus(200, send('GET /v2/'))
  const init = performance.now() - started
  const [pid = 0] = revision.pids

  const begun = await Promise.all(Array.from({ length: AT_ONCE }, () => begin(send, 'a')))
  await until(() => endpoint.load[0] === 0)
  const { promise: last, resolve: goOn } = Promise.withResolvers<void>()
  const pushing = begun.map(async (each, at) => {
    const { bytes, sha256 } = contents[at]!
    const patched = await expectStatus(
      202,
      send(
        `PATCH ${locationOf(each)}`,
        (async function* () {
          yield* inChunks(bytes.subarray(0, 19 * MIB))
          await last
          yield* inChunks(bytes.subarray(19 * MIB))
        })(),
      ),
    )
    await expectStatus(201, send(`PUT ${locationOf(patched, `digest=${sha256}`)}`))
  })
  const pushed = Promise.all(pushing)
  pushed.catch(() => {})
  await until(() => endpoint.load[0] === AT_ONCE)
  // Whatever they hold by now.
  await sleep(1000)
  expect(endpoint.load).toEqual([AT_ONCE])
  await expectStatus(200, send('GET /v2/'))
  expect(revision.pids.size).toBe(2)
  goOn()
  await pushed

  const used = usedBy(pid)
  t.annotate(`it listened and had answered after ${Math.round(init)} ms`)
  t.annotate(`at most ${Math.round(used.peak)} MiB, ${used.threads} threads`)
  expect(init).toBeLessThan(10_000)
  // It has 2 GB; 1,024 descriptors, processes and threads; 512 MB for files.
  expect(used.peak).toBeLessThan(600)
  expect(used.descriptors).toBeLessThan(200)
  expect(used.threads).toBeLessThan(50)
  expect(readdirSync(temporary.path)).toEqual([])
})
