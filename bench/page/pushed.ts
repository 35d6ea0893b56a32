/**
 * What bench/push.ts and bench/web-function.ts measured, for docs/benchmarks.md. They are run by themselves.
 *
 * @module
 */

import { paragraphs, table } from './markdown.ts'

/** The section. */
export const PUSHED = paragraphs(
  '## slipway push beside skopeo copy',
  'The same image to Slipway on versitygw, with each connection of the client and of the registry held to a rate by a relay. Client, relay, registry and S3 server share the two processors, and other work kept both full throughout (load 16 to 33). With 90 MB/s and 20 ms, three rounds, before blobs were read back over several connections; and with lines ten times slower (9 MB/s, 200 ms), so that the lines count for more than the processors, one round, with them:',
  table(
    ['image', 'skopeo copy', 'slipway push', 'ten times slower: skopeo copy', 'slipway push'],
    [
      ['a layer of 300 MB', '13.7 s', '24.7 s', '47.9 s', '25.5 s'],
      ['six layers of 50 MB', '23.7 s', '20.1 s', '62.6 s', '9.3 s'],
    ],
  ),
  'Six layers are one part each: nothing is read back. The larger one goes over many connections, and is then read back and copied, here on the same two processors. The client itself kept a processor busy for 1.0 s with 300 MB, skopeo for 1.1 s. Run it with `npm run build && node bench/push.ts` on an idle machine, and with `SLOWER=10` on a busy one.',
)

/** What bench/web-function.ts measured. */
export const WEB_SERVED = paragraphs(
  '## The server of the Web Function',
  'A layer of 200 MB to the bundle of the Web Function, held to one processor and to two, on versitygw; client and versitygw on the same two processors, with other work that kept both full (load 24). Medians of three rounds; versitygw alone took the same bytes at 103 MB/s. What the server costs in processor time depends less on the other work than its speed does:',
  table(
    ['', 'by PATCH', 'by PUT', 'CPU a GB, by PATCH', 'by PUT'],
    [
      ['1 CPU', '24 MB/s', '43 MB/s', '3.6 s', '3.3 s'],
      ['2 CPUs', '33 MB/s', '50 MB/s', '3.8 s', '3.7 s'],
    ],
  ),
  '`node bench/web-function.ts` measures it anew; on an idle machine it shows how fast the server is.',
)
