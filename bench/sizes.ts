/**
 * How large everything is: in a run whose results are published, and in the short one of CI.
 *
 * @module
 */

import type { Shape as Registry } from './clean-up/shape.ts'
import type { Shape } from './content.ts'
import type { Subject } from './workloads/transfers.ts'

const MEGABYTE = 1_000_000

export interface Sizes {
  /** Whether Slipway alone takes part in what takes long, and is there for its budget. */
  readonly briefly: boolean
  /** One large layer, some of middle size, many small ones. */
  readonly subjects: readonly [large: Subject, medium: Subject, small: Subject]
  /** The image that each of eight clients has. */
  readonly together: Shape
  /** The image of pushes and pulls where each call to S3 takes long. */
  readonly latency: Subject
  /** Bytes of the layers that eight clients push to see the memory that takes. */
  readonly memoryBytes: number
  /** Seconds of load with each kind of request. */
  readonly loadSeconds: number
  /** How many tags, repositories and referrers there are before one more is pushed. */
  readonly growth: readonly number[]
  /** Registries that are cleaned up. */
  readonly cleanUp: readonly Registry[]
}

export const FULL: Sizes = {
  briefly: false,
  subjects: [
    { id: '1x1gb', layers: 1, layerBytes: 1000 * MEGABYTE },
    { id: '20x10mb', layers: 20, layerBytes: 10 * MEGABYTE },
    { id: '200x10kb', layers: 200, layerBytes: 10_000 },
  ],
  together: { layers: 5, layerBytes: 4 * MEGABYTE },
  latency: { id: '20x10kb', layers: 20, layerBytes: 10_000 },
  memoryBytes: 1000 * MEGABYTE,
  loadSeconds: 2,
  growth: [100, 10_000, 100_000],
  cleanUp: [
    { repositories: 1000, images: 1, blobs: 9 },
    { repositories: 10_000, images: 2, blobs: 49 },
    { repositories: 100_000, images: 2, blobs: 49 },
  ],
}

export const SMOKE: Sizes = {
  briefly: true,
  subjects: [
    { id: '1x100mb', layers: 1, layerBytes: 100 * MEGABYTE },
    { id: '5x5mb', layers: 5, layerBytes: 5 * MEGABYTE },
    { id: '20x10kb', layers: 20, layerBytes: 10_000 },
  ],
  together: { layers: 2, layerBytes: MEGABYTE },
  latency: { id: '5x10kb', layers: 5, layerBytes: 10_000 },
  memoryBytes: 100 * MEGABYTE,
  loadSeconds: 0.5,
  growth: [100, 2000],
  cleanUp: [{ repositories: 200, images: 2, blobs: 9 }],
}
