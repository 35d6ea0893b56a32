/**
 * Fifty pushers beside a collector with a grace of seconds, on each kind of store: nobody loses what they
 * were told is there, and afterwards the store has just what is reachable.
 *
 * SLIPWAY_SOAK_SECONDS says for how long they push, 90 s unless said otherwise; where it does, SeaweedFS is
 * among the stores.
 *
 * @module
 */
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { startLiveS3 } from '../support/live/s3.ts'
import { startFailingS3, startWorker } from './child.ts'
import type { Soaked } from './soak.ts'
import { broken, SHOWN, soak } from './soak.ts'
import { RULE } from './spoilers.ts'
import type { Work } from './worker.ts'

const seconds = Number(process.env.SLIPWAY_SOAK_SECONDS ?? 90)
const breaks = process.env[RULE]
/**
 * Pushes go on until each step was done beside them; then come runs and pulls. All of it on a machine that is busy with
 * other things.
 */
const LIMIT = { timeout: (2 * seconds + 1200) * 1000 }
/** Of a hundred calls of the strict S3, those that fail. */
const FAULTS = 0.05

/** Says what was done, and checks that it was enough, and right. */
const judge = (
  { history, beside, collected, walked, freed, took }: Soaked,
  title: string,
): void => {
  const { counts } = history
  const told = ({ runs, failed, steps, errors }: Work): string =>
    `${runs} runs, ${failed} failed, ${errors.length} with what must not be: ` +
    Object.entries(steps)
      .map(([step, { things }]) => `${step} ${things}`)
      .join(', ')
  process.stderr.write(
    `${title}: ${JSON.stringify({ ...counts, freed, ...walked, wrong: walked.wrong.length })}\n` +
      `  beside pushes ${told(beside)}\n  in all ${told(collected)}\n` +
      `  seconds: ${JSON.stringify(took)}\n`,
  )
  if (history.violations.length > 0) throw broken(history)
  expect(collected.errors.slice(0, 3)).toEqual([])
  expect(walked.wrong.slice(0, 10)).toEqual([])
  expect(walked.bytes).toBe(walked.reachable)
  // It must have had something to show.
  for (const step of SHOWN) {
    expect(beside.steps[step]?.things ?? 0, step).toBeGreaterThan(0)
  }
  expect(counts['images pushed']).toBeGreaterThan(20)
  expect(counts['images deleted']).toBeGreaterThan(0)
}

/** Bytes of all files below a directory. */
const bytesBelow = async (path: string): Promise<number> => {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  const files = entries.filter((each) => each.isFile())
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await lstat(join(parentPath, name))).size),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

test('files: the collector in the process of the server', LIMIT, async (t) => {
  const { path, remove } = await temporaryDirectory()
  const place = { directory: path }
  const worker = await startWorker({ place, serves: true, breaks })
  t.onTestFinished(async () => {
    await worker.end()
    await remove()
  })
  const soaked = await soak({ place, servers: [worker], collector: worker, seconds })
  judge(soaked, 'files')
  const disk = await bytesBelow(join(path, 'docker/registry/v2/blobs'))
  expect(disk).toBe(soaked.walked.reachable)
})

test('the strict S3 with faults: two servers, and a collector beside them', LIMIT, async (t) => {
  const s3 = await startFailingS3()
  const { place } = s3
  const start = (serves: boolean) => startWorker({ place, serves, breaks })
  const workers = [await start(true), await start(true), await start(false)] as const
  const [one, two, collector] = workers
  t.onTestFinished(async () => {
    for (const each of [...workers, s3]) await each.end()
  })
  await s3.fail(FAULTS)
  const calm = async (): Promise<void> => {
    const { calls, counts } = await s3.fail(0)
    process.stderr.write(`strict S3: ${calls} calls, ${JSON.stringify(counts)}\n`)
  }
  judge(await soak({ place, servers: [one, two], collector, seconds, calm }), 'strict S3')
})

test.skipIf(process.env.SLIPWAY_SOAK_SECONDS === undefined)(
  'SeaweedFS: a server, and a collector beside it',
  LIMIT,
  async (t) => {
    const place = await startLiveS3('seaweedfs')
    const server = await startWorker({ place, serves: true, breaks })
    const collector = await startWorker({ place, serves: false, breaks })
    t.onTestFinished(async () => {
      for (const each of [server, collector]) await each.end()
      await place.close()
    })
    judge(await soak({ place, servers: [server], collector, seconds }), 'SeaweedFS')
  },
)

test('versitygw: closed runs, with pushes between them', LIMIT, async (t) => {
  const place = await startLiveS3('versitygw')
  const server = await startWorker({ place, serves: true, breaks })
  const collector = await startWorker({ place, serves: false, breaks })
  t.onTestFinished(async () => {
    for (const each of [server, collector]) await each.end()
    await place.close()
  })
  judge(await soak({ place, servers: [server], collector, seconds, alternates: true }), 'versitygw')
})
