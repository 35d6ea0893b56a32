/**
 * How large everything is: in a run whose results are published, and in the short one of CI.
 *
 * @module
 */

import type { Shape as Registry } from './clean-up/shape.ts'
import type { Shape } from './content.ts'
import type { Connections } from './workloads/idle.ts'
import type { Mixed } from './workloads/mixed.ts'
import type { Subject } from './workloads/transfers.ts'

const MEGABYTE = 1_000_000

export interface Sizes {
  /** Whether Slipway alone takes part in what takes long, and is there for its budget. */
  readonly briefly: boolean
  /** Images that are pushed and pulled before anything is timed. */
  readonly warmUp: number
  /** One large layer, some of middle size, many small ones. */
  readonly subjects: readonly [large: Subject, medium: Subject, small: Subject]
  /** The image that each of eight clients has. */
  readonly together: Shape
  /** The image of pushes and pulls where each call to S3 takes long. */
  readonly latency: Subject
  /** Bytes of the layers that eight clients push to see the memory that takes. */
  readonly memoryBytes: number
  /** Many clients at once. */
  readonly many: {
    /** The layer that a hundred clients pull. */
    readonly crowd: Subject
    readonly mixed: Mixed
    readonly connections: Connections
    /** Seconds of load over the active connections. */
    readonly seconds: number
  }
  /** Seconds of load with each kind of request. */
  readonly loadSeconds: number
  /** How many tags, repositories and referrers there are before one more is pushed. */
  readonly growth: readonly number[]
  /** Registries that are cleaned up. */
  readonly cleanUp: readonly Registry[]
}

export const FULL: Sizes = {
  briefly: false,
  warmUp: 10,
  subjects: [
    { id: '1x1gb', layers: 1, layerBytes: 1000 * MEGABYTE },
    { id: '20x10mb', layers: 20, layerBytes: 10 * MEGABYTE },
    { id: '200x10kb', layers: 200, layerBytes: 10_000 },
  ],
  together: { layers: 5, layerBytes: 4 * MEGABYTE },
  latency: { id: '20x10kb', layers: 20, layerBytes: 10_000 },
  memoryBytes: 1000 * MEGABYTE,
  many: {
    crowd: { id: '1x100mb', layers: 1, layerBytes: 100 * MEGABYTE },
    mixed: { seconds: 5, pushes: 400 },
    connections: { idle: 10_000, active: 200 },
    seconds: 5,
  },
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
  // One of each style.
  warmUp: 2,
  subjects: [
    { id: '1x100mb', layers: 1, layerBytes: 100 * MEGABYTE },
    { id: '5x5mb', layers: 5, layerBytes: 5 * MEGABYTE },
    { id: '20x10kb', layers: 20, layerBytes: 10_000 },
  ],
  together: { layers: 2, layerBytes: MEGABYTE },
  latency: { id: '5x10kb', layers: 5, layerBytes: 10_000 },
  memoryBytes: 100 * MEGABYTE,
  many: {
    crowd: { id: '1x5mb', layers: 1, layerBytes: 5 * MEGABYTE },
    mixed: { seconds: 1, pushes: 20 },
    connections: { idle: 500, active: 20 },
    seconds: 0.5,
  },
  loadSeconds: 0.5,
  growth: [100, 2000],
  cleanUp: [{ repositories: 200, images: 2, blobs: 9 }],
}

/** What a few minutes allow: the rows that there are goals for (goals.ts). */
export const QUICK: Sizes = {
  ...SMOKE,
  briefly: false,
  warmUp: 10,
  subjects: [
    { id: '1x200mb', layers: 1, layerBytes: 200 * MEGABYTE },
    { id: '20x10mb', layers: 20, layerBytes: 10 * MEGABYTE },
    { id: '200x10kb', layers: 200, layerBytes: 10_000 },
  ],
  latency: { id: '20x10kb', layers: 20, layerBytes: 10_000 },
  loadSeconds: 0.7,
}
