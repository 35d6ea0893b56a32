/**
 * What bench/stalled.ts measured, for docs/benchmarks.md. It is run by itself: it takes minutes and fills a
 * disk.
 *
 * @module
 */

import { paragraphs } from './markdown.ts'

/** The section. */
export const STALLED = paragraphs(
  '## Uploads that stand still',
  '500 uploads of every kind (POST with a digest, PATCH with and without Content-Range, PUT) send between 10 kB and 13 MB each and then stand still. Four pushes of 1 GB begin beside them, and four more when all of them stand still; in the end those that stood still go on, and all of them end.',
  'On files, with other work on the same machine: the eight pushes ended in 193 s; the server took 270 MB at most, and 301 MB while the 500 ended. The bound of uploads was 96 MiB, the default. Before there was a bound, 150 stalled uploads took 1.9 GB.',
  '`node bench/stalled.ts` measures it anew. `test/faults/stalled.slow.ts` does so with 64 MiB, also on S3, and fails above 400 MB.',
)
