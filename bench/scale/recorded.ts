/**
 * What requests ask S3 for: the app itself, run once on the S3 of tests. So the keys, their order and what an instance
 * remembers are those of the code, and not of a model.
 *
 * @module
 */

import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import type { LogEntry } from '../../test/emulators/s3/counter.ts'
import { blob, CONFIG, imageOf } from '../../test/support/hosts/content.ts'
import { clientOf, expectStatus, locationOf, type Send } from '../../test/support/rig/client.ts'
import { pushImage } from '../../test/support/rig/push.ts'
import { openBucket } from '../../test/support/rig/stores.ts'
import { LAYERS } from '../workloads/lambda-requests.ts'
import type { Access } from './partitions.ts'

/** For how long an instance does not ask again: not at all, for the seconds that links are remembered, or ever. */
export type Remembered = 'never' | 'seconds' | 'always'

export interface RecordedCall {
  readonly operation: string
  readonly access: Access
  /** The key, with {@link PLACES} where an image's own words were. */
  readonly key: string
  readonly remembered: Remembered
}

/** Calls that are made at once, then those that wait for them. */
export type Waves = readonly (readonly RecordedCall[])[]

/** Requests by the names that bench/workloads/lambda-requests.ts measures them under. */
export type Recorded = Readonly<Record<string, Waves>>

/** Milliseconds for which an app is told that no time has passed, and then that much has. */
const LATER = 60_000

/** Milliseconds a call waits for others, so that those made at once overlap. */
const LATENCY = 40

const NAME = 'scale-org/scale-app'
const TAG = 'scale-tag'

/** What an operation is for S3's limits. */
export const accessOf = (operation: string): Access =>
  /^(?:Get|Head|List)/.test(operation) ? 'read' : 'write'

const layers = Array.from({ length: LAYERS }, (_, at) => blob(`scale ${at}`, 1000 + at))

/** What a key says of one image, and what stands for it. */
const replacements = (): readonly (readonly [from: RegExp, to: string])[] => {
  const hexOf = ({ sha256 }: { readonly sha256: string }) => sha256.slice('sha256:'.length)
  const digests = [imageOf(layers), CONFIG, ...layers].map(hexOf)
  return [
    [new RegExp(NAME), '{name}'],
    [new RegExp(TAG), '{tag}'],
    ...digests.flatMap((hex, at) => [
      [new RegExp(`${hex.slice(0, 2)}/${hex}`), `{spread ${at}}`] as const,
      [new RegExp(hex), `{digest ${at}}`] as const,
    ]),
    [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/, '{upload}'],
  ]
}

/** Calls in the order in which they had to wait for one another. */
const wavesOf = (log: readonly LogEntry[]): LogEntry[][] => {
  const waves: LogEntry[][] = []
  let end = Number.NEGATIVE_INFINITY
  for (const entry of log.toSorted((a, b) => a.start - b.start)) {
    if (entry.start >= end) {
      waves.push([])
      end = Number.POSITIVE_INFINITY
    }
    waves.at(-1)?.push(entry)
    end = Math.min(end, entry.end)
  }
  return waves
}

/**
 * Runs each request of a docker-like pull, and of a push as containerd does it, on an app that remembers nothing; reads
 * once more at once, and once more a minute later.
 */
export const recordRequests = async (): Promise<Recorded> => {
  const { s3, store, close } = await openBucket()
  const places = replacements()
  try {
    // Tried once by each instance, before its first delete.
    await store.deletesExactly()
    const setup = await clientOf(store)
    const image = await pushImage(setup, NAME, TAG, layers)
    let now = Date.now()
    const open = () => clientOf(store, { now: () => now, redirects: true, redirectHeads: true })

    const logOf = async (work: () => Promise<unknown>): Promise<readonly LogEntry[]> => {
      s3.counter.reset()
      s3.faults.latency(LATENCY)
      try {
        await work()
        return [...s3.counter.log]
      } finally {
        s3.faults.clear()
      }
    }

    const recorded = (
      log: readonly LogEntry[],
      remembered: (entry: LogEntry) => Remembered,
    ): Waves =>
      wavesOf(log).map((wave) =>
        wave.map((entry) => ({
          operation: entry.operation,
          access: accessOf(entry.operation),
          key: places.reduce((key, [from, to]) => key.replace(from, to), entry.key),
          remembered: remembered(entry),
        })),
      )

    /** A request that can be repeated: what the second does not ask is remembered. */
    const repeated = async (work: (send: Send) => Promise<unknown>): Promise<Waves> => {
      const send = await open()
      const [first, again] = [await logOf(() => work(send)), await logOf(() => work(send))]
      now += LATER
      const later = await logOf(() => work(send))
      const isIn = (log: readonly LogEntry[], { operation, key }: LogEntry): boolean =>
        log.some((each) => each.operation === operation && each.key === key)
      return recorded(first, (entry) => {
        if (isIn(again, entry)) return 'never'
        return isIn(later, entry) ? 'seconds' : 'always'
      })
    }

    const layer = layers[0]!
    const manifests = `/v2/${NAME}/manifests`
    const pulls = {
      'HEAD manifest by tag': await repeated((send) =>
        expectStatus(200, send(`HEAD ${manifests}/${TAG}`)),
      ),
      'GET manifest by tag': await repeated((send) =>
        expectStatus(200, send(`GET ${manifests}/${TAG}`)),
      ),
      'GET manifest by digest': await repeated((send) =>
        expectStatus(200, send(`GET ${manifests}/${image.sha256}`)),
      ),
      'GET blob': await repeated((send) =>
        expectStatus(307, send(`GET /v2/${NAME}/blobs/${layer.sha256}`)),
      ),
      [`PUT manifest of ${LAYERS} layers`]: await repeated((send) =>
        expectStatus(
          201,
          send(`PUT ${manifests}/${TAG}`, image.bytes, { 'Content-Type': OCI_MANIFEST }),
        ),
      ),
    }
    // A repository of its own, and an empty pool: nothing is there yet.
    const empty = await openBucket()
    try {
      await empty.store.deletesExactly()
      const send = await clientOf(empty.store)
      const uploads = `/v2/${NAME}/blobs/uploads/`
      const watch = async (work: () => Promise<unknown>): Promise<Waves> => {
        empty.s3.counter.reset()
        empty.s3.faults.latency(LATENCY)
        try {
          await work()
          return recorded([...empty.s3.counter.log], () => 'never')
        } finally {
          empty.s3.faults.clear()
        }
      }
      const missing = await watch(() =>
        expectStatus(404, send(`HEAD /v2/${NAME}/blobs/${layer.sha256}`)),
      )
      let location = ''
      const post = await watch(async () => {
        location = locationOf(
          await expectStatus(202, send(`POST ${uploads}`)),
          `digest=${layer.sha256}`,
        )
      })
      const put = await watch(() => expectStatus(201, send(`PUT ${location}`, layer.bytes)))
      return {
        ...pulls,
        'HEAD blob that is not there': missing,
        'POST upload': post,
        'PUT upload, 1 MB': put,
      }
    } finally {
      await empty.close()
    }
  } finally {
    await close()
  }
}
