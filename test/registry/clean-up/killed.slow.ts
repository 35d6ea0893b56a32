/**
 * `slipway gc --run` is killed after each of its operations, on files and on the strict S3: the next runs end
 * where those end that nobody has killed, to the byte.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { cp, readdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { raiseFence } from '../../../functions/registry/clean-up/fence.ts'
import {
  dataKey,
  layerLinkKey,
  markerKey,
  revisionLinkKey,
} from '../../../functions/registry/layout.ts'
import { condemnedLinkBody } from '../../../functions/registry/links.ts'
import { inBatches } from '../../../functions/shared/parallel.ts'
import { readAll } from '../../../functions/storage/bytes.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { type S3Server, startS3 } from '../../emulators/s3/server.ts'
import { openPlace, type Place, racingOnce } from '../../soak/place.ts'
import { blob, type Content } from '../../support/hosts/content.ts'
import { temporaryDirectory } from '../../support/hosts/start.ts'
import { clientOf, expectStatus } from '../../support/rig/client.ts'
import { allObjects } from '../../support/rig/invariants.ts'
import { pushAtOnce, pushImage } from '../../support/rig/push.ts'
import { runGc } from './gc.ts'

const DAY = 24 * 60 * 60_000
/** Longer than the grace, and in two steps than deletes can be undone. */
const LONG = 4 * DAY
const NONCE = 'a'.repeat(16)
/** Runs after which nothing is left to do. */
const RUNS = 8
/** Of so many operations, a run is killed after one; `.ci/long collector` has it killed after each. */
const STRIDE = process.env.SLIPWAY_COLLECTOR === 'all' ? 1 : 25
/** Runs killed at once. */
const AT_ONCE = 4

/** Puts something of every step into a store. */
const fill = async (store: ObjectStore): Promise<void> => {
  const send = await clientOf(store)
  const put = (key: string, text: string) => store.put(key, Buffer.from(text))
  const condemn = (name: string, { sha256 }: Content) =>
    store.put(layerLinkKey(name, sha256), condemnedLinkBody(sha256, NONCE))
  const data = ({ sha256, bytes }: Content) => store.put(dataKey(sha256), bytes)
  const [kept, back] = [blob('kept', 100), blob('needed again', 90)]
  await pushImage(send, 'app', 'v1', [kept, back])
  await condemn('app', back)
  const gone = await pushImage(send, 'app', 'v2', [blob('with it', 80)])
  await expectStatus(202, send(`DELETE /v2/app/manifests/${gone.sha256}`))
  const revived = await pushImage(send, 'app', 'v3', [kept])
  const revision = revisionLinkKey('app', revived.sha256)
  await store.put(revision, condemnedLinkBody(revived.sha256, NONCE))
  for (const seed of ['unneeded', 'condemned', 'both']) await pushAtOnce(send, 'b', blob(seed, 70))
  await condemn('b', blob('condemned', 70))
  for (const seed of ['loose', 'doomed', 'claimed', 'found']) await data(blob(`${seed} data`, 60))
  await put(markerKey(blob('doomed data', 60).sha256), `condemned ${NONCE}`)
  await put(markerKey(blob('claimed data', 60).sha256), `claimed ${NONCE}`)
  await put(markerKey(blob('gone data', 60).sha256), `gone ${NONCE}`)
  await put(markerKey(kept.sha256), `rescued ${NONCE}`)
  await raiseFence(store)
}

/** A store whose objects can be made older, and copied. */
interface Aged {
  readonly place: Place
  /** Makes objects older: all, or all but data, which has a version on files. */
  age(span: number, data?: boolean): Promise<void>
  copy(): Promise<Aged>
  close(): Promise<void>
}

const isData = (key: string): boolean => key.endsWith('/data')

const files = async (from?: string): Promise<Aged> => {
  const { path, remove } = await temporaryDirectory()
  if (from !== undefined) await cp(from, path, { recursive: true, preserveTimestamps: true })
  let now = Date.now()
  return {
    place: { directory: path },
    async age(span, data = false) {
      now -= span
      const entries = await readdir(path, { recursive: true, withFileTypes: true })
      for (const each of entries) {
        const file = join(each.parentPath, each.name)
        if (each.isFile() && (data || !isData(file))) await utimes(file, now / 1000, now / 1000)
      }
    },
    copy: () => files(path),
    close: remove,
  }
}

const bucket = async (from?: S3Server): Promise<Aged> => {
  const s3 = await startS3()
  const { objects } = s3
  for (const key of from?.objects.keys() ?? []) objects.put(key, from!.objects.get(key)!)
  const { endpoint, region, accessKeyId, secretAccessKey } = s3
  return {
    place: { endpoint, region, bucket: s3.bucket, accessKeyId, secretAccessKey },
    async age(span) {
      for (const key of objects.keys()) {
        const object = objects.get(key)!
        objects.put(key, { ...object, modified: new Date(object.modified.getTime() - span) })
      }
    },
    copy: () => bucket(s3),
    close: s3.close,
  }
}

const locationOf = (place: Place): string =>
  'directory' in place ? `file:${place.directory}` : 's3://test'

/** All there is, but for when runs were. */
const contents = async (store: ObjectStore): Promise<Record<string, string>> => {
  const all = await allObjects(store)
  const kept = all.filter(({ key }) => !key.includes('/clean-up/') && !key.includes('/deleted/'))
  const read = await inBatches(kept, async ({ key }) => {
    const object = await store.get(key)
    const bytes = object === undefined ? '' : await readAll(object.body, 1024 * 1024)
    return [key, Buffer.from(bytes).toString('latin1')] as const
  })
  return Object.fromEntries(read)
}

/** Runs until nothing is left to do. @returns the steps that were done, and what there is then */
const finish = async (aged: Aged, races = false) => {
  const store = racingOnce(openPlace(aged.place), races)
  const steps: string[] = []
  for (let run = 0; run < RUNS; run++) {
    steps.push(...(await runGc(store, locationOf(aged.place))))
    await aged.age(LONG)
  }
  return { steps: new Set(steps), contents: await contents(store) }
}

/** Runs in a process of its own, which is killed after so many operations. @returns how many it had if it lives */
const killed = (place: Place, after: number): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const args = [join(import.meta.dirname, 'killed-run.ts'), JSON.stringify(place), String(after)]
    execFile(process.execPath, args, (error, stdout, stderr) => {
      if (error?.signal === 'SIGKILL') resolve(undefined)
      else if (error) reject(new Error(stderr))
      else resolve(Number(stdout))
    })
  })

/** Step that each kind of store has something of. */
const STEPS = [
  'clear-marker',
  'condemn-data',
  'condemn-link',
  'give-up-claim',
  'keep-link',
  'keep-manifest',
  'remove-data',
  'remove-link',
  'remove-manifest',
]

test.each([
  ['files', files],
  ['the strict S3', bucket],
])('on %s', { timeout: 1_200_000 }, async (_, open) => {
  const filled = await open()
  await fill(openPlace(filled.place))
  await filled.age(3 * LONG, true)
  const lives = await filled.copy()
  const operations = await killed(lives.place, 0)
  await lives.age(LONG)
  const expected = await finish(lives)
  const undisturbed = await filled.copy()
  const { steps, contents: final } = await finish(undisturbed, true)
  expect([...steps].sort()).toEqual(expect.arrayContaining(STEPS))
  expect(expected.contents).toEqual(final)
  expect(Object.keys(final).filter((key) => key.includes('condemned'))).toEqual([])
  const points: number[] = []
  for (let at = 1; at <= operations!; at += STRIDE) points.push(at)
  await inBatches(
    points,
    async (after) => {
      const aged = await filled.copy()
      // The last ones may not be reached: some operations are only sometimes needed.
      if ((await killed(aged.place, after)) !== undefined) expect(after).toBeGreaterThan(20)
      await aged.age(LONG)
      expect((await finish(aged)).contents, `killed after ${after}`).toEqual(final)
      await aged.close()
    },
    AT_ONCE,
  )
  process.stderr.write(`killed after each of ${points.length} of ${operations} operations\n`)
  for (const each of [filled, lives, undisturbed]) await each.close()
})
