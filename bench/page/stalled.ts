/**
 * What bench/stalled.ts measured, for docs/benchmarks.md. It is run by itself: it takes minutes and fills a
 * disk.
 *
 * @module
 */

import { paragraphs, table } from './markdown.ts'

/** The section. */
export const STALLED = paragraphs(
  '## Uploads that stand still',
  '500 uploads of every kind (POST with a digest, PATCH with and without Content-Range, PUT) send between 10 kB and 13 MB each and then stand still. Four pushes of 1 GB begin beside them, and four more when all of them stand still; in the end those that stood still go on, and all of them end.',
  'With a dozen other busy processes on the machine, and the default bound of uploads, 96 MiB:',
  table(
    ['store', 'eight pushes', 'peak of resident memory', 'while the 500 ended'],
    [
      ['files', '269 s', '274 MB', '302 MB'],
      ['versitygw', '577 s', '252 MB', '282 MB'],
    ],
  ),
  'Before there was a bound, 150 stalled uploads took 1.9 GB.',
  '`node bench/stalled.ts files` and `node bench/stalled.ts versitygw` measure it anew. `test/faults/stalled.slow.ts` does so with 64 MiB, also on S3, and fails above 400 MB.',
)
