/**
 * What a push of an image of large layers costs by each way in. The calls to S3 are those that
 * test/budgets counts for layers of 50 MB; the CPU of uploads is that of the benchmark's push of 1 GB.
 *
 * @module
 */

import { billedMilliseconds, costOfCalls, FUNCTION_MEMORY } from './costs.ts'
import { edgeCostOf } from './edge-costs.ts'
import { PRICES } from './prices.ts'

/** The image: its layers, and one config of a kilobyte. */
export const LARGE_LAYERS = 5
export const LARGE_MEGABYTES = 50

/** Seconds of CPU for each gigabyte that a server takes in, docker-style; docs/benchmarks.md. */
const CPU_PER_GIGABYTE = 3.6

/** API Gateway counts a request once for each 512 KB of it. */
const METERED = 512 * 1024

type Calls = Readonly<Record<string, number>>

/** What one layer and the config take, by how a client pushes them. */
interface Taken {
  readonly layer: Calls
  readonly config: Calls
}

/** One PATCH and one PUT, as docker up to 28, podman, skopeo, crane and jib send them. */
export const PATCHED: Taken = {
  layer: {
    ...{ GetObject: 1, HeadObject: 2, CreateMultipartUpload: 1, UploadPart: 4, PutObject: 2 },
    ...{ ListParts: 1, CompleteMultipartUpload: 1, CopyObject: 1, DeleteObjects: 1 },
  },
  config: { GetObject: 1, HeadObject: 1, PutObject: 2, CopyObject: 1, DeleteObject: 1 },
}

/** One PUT, as containerd, docker 29, BuildKit, oras and helm send it. */
export const PUT: Taken = {
  layer: {
    ...{ GetObject: 1, HeadObject: 2, CreateMultipartUpload: 1, UploadPart: 4 },
    ...{ CompleteMultipartUpload: 1, PutObject: 1 },
  },
  config: { GetObject: 1, HeadObject: 1, PutObject: 2 },
}

/** Twelve PATCHes of 4.5 MB and a PUT, as regctl sends them to the API when it is told to. */
export const CHUNKS: Taken = {
  layer: {
    ...{ GetObject: 24, PutObject: 25, HeadObject: 12, CreateMultipartUpload: 1, UploadPart: 4 },
    ...{ ListParts: 1, CompleteMultipartUpload: 1, CopyObject: 1, AbortMultipartUpload: 1 },
    ...{ ListObjectsV2: 1, DeleteObjects: 1 },
  },
  config: PUT.config,
}
/** One part that the client sends to S3 itself, as `slipway push` does with layers of this size. */
export const STRAIGHT: Taken = {
  layer: {
    ...{ GetObject: 1, HeadObject: 1, CreateMultipartUpload: 1, UploadPart: 1 },
    ...{ ListParts: 1, CompleteMultipartUpload: 1, PutObject: 1 },
  },
  config: PUT.config,
}

export const CHUNK_BYTES = 4_500_000
const CHUNKS_PER_LAYER = Math.ceil((LARGE_MEGABYTES * 1e6) / CHUNK_BYTES)
/** Calls to S3 that wait for one another, for a layer in chunks. */
const CHUNK_STEPS = 55

/** The manifest: links and data of all it names are looked at, and it is written, with its tag. */
const MANIFEST: Calls = {
  HeadObject: LARGE_LAYERS + 2,
  GetObject: LARGE_LAYERS + 1,
  PutObject: 4,
}

/** The requests around the bytes: a HEAD and a POST for each blob, and the manifest's PUT. */
const AROUND = 2 * (LARGE_LAYERS + 1) + 1
/** Milliseconds of the function for one of those, own work and what it waits for. */
const AROUND_MILLISECONDS = billedMilliseconds(4, 2)

/** A way in, and what it costs. */
export interface Way {
  readonly title: string
  readonly gateway: number
  readonly lambda: number
  readonly s3: number
  /** What CloudFront takes for requests, its functions and the bytes it passes on. */
  readonly edge: number
  /** What the Web Function is asked, whose prices are not published. */
  readonly web: { readonly requests: number; readonly cpuSeconds: number } | undefined
}

const s3Of = ({ layer, config }: Taken): number =>
  LARGE_LAYERS * costOfCalls(layer) + costOfCalls(config) + costOfCalls(MANIFEST)

const lambdaOf = (requests: number, milliseconds: number): number =>
  requests * PRICES.lambdaRequest.each +
  (milliseconds / 1000) * FUNCTION_MEMORY * PRICES.lambdaSecond.each

const cpuSeconds = (LARGE_LAYERS * LARGE_MEGABYTES * CPU_PER_GIGABYTE) / 1000

/** The API for all but the bytes, which go to the Web Function. */
const divided = (title: string, taken: Taken, requestsPerBlob: number): Way => ({
  title,
  gateway: AROUND * PRICES.gatewayRequest.each,
  lambda: lambdaOf(AROUND, AROUND * AROUND_MILLISECONDS),
  s3: s3Of(taken),
  edge: 0,
  web: { requests: (LARGE_LAYERS + 1) * requestsPerBlob, cpuSeconds },
})

/** The same under one name, by the edge: all requests, and all bytes, pass through it. */
const throughEdge = (title: string, taken: Taken, requestsPerBlob: number): Way => {
  const requests = AROUND + (LARGE_LAYERS + 1) * requestsPerBlob
  const bytes = ((LARGE_LAYERS * LARGE_MEGABYTES) / 1000) * PRICES.edgeIn.each
  const passed = edgeCostOf({ title, requests: { all: requests }, downloads: 0 }, false)
  return { ...divided(title, taken, requestsPerBlob), edge: passed + bytes }
}

/** The bytes go to S3 itself; for each layer the API is asked for its part, and to commit it. */
const straight = (): Way => {
  const requests = AROUND + 2 * LARGE_LAYERS + 1
  return {
    title: '`slipway push`, straight to S3',
    gateway: requests * PRICES.gatewayRequest.each,
    lambda: lambdaOf(requests, requests * AROUND_MILLISECONDS),
    s3: s3Of(STRAIGHT),
    edge: 0,
    web: undefined,
  }
}

/** Everything at the Web Function, as a registry of its own. */
const whole = (title: string, taken: Taken, requestsPerBlob: number): Way => ({
  title,
  gateway: 0,
  lambda: 0,
  s3: s3Of(taken),
  edge: 0,
  web: { requests: AROUND + (LARGE_LAYERS + 1) * requestsPerBlob, cpuSeconds },
})

const inChunks = (): Way => {
  const chunks = LARGE_LAYERS * CHUNKS_PER_LAYER
  const puts = LARGE_LAYERS + 1
  const metered = chunks * Math.ceil(CHUNK_BYTES / METERED)
  const own = cpuSeconds * 1000
  return {
    title: 'the API alone, in chunks of 4.5 MB (regctl)',
    gateway: (AROUND + puts + metered) * PRICES.gatewayRequest.each,
    lambda: lambdaOf(
      AROUND + puts + chunks,
      AROUND * AROUND_MILLISECONDS + billedMilliseconds(own, LARGE_LAYERS * CHUNK_STEPS),
    ),
    s3: s3Of(CHUNKS),
    edge: 0,
    web: undefined,
  }
}

/** Every way in through the registry. */
export const WAYS: readonly Way[] = [
  divided(
    'the API and the Web Function, by PATCH and PUT (docker to 28, podman, crane)',
    PATCHED,
    2,
  ),
  divided('the API and the Web Function, by PUT (docker 29, containerd, BuildKit)', PUT, 1),
  whole('PUSHHOST alone, by PATCH and PUT', PATCHED, 2),
  whole('PUSHHOST alone, by PUT (oras, helm)', PUT, 1),
  throughEdge('the edge, by PATCH and PUT', PATCHED, 2),
  throughEdge('the edge, by PUT', PUT, 1),
  straight(),
  inChunks(),
]
