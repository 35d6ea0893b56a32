/**
 * What bench/push.ts and bench/web-function.ts measured, for docs/benchmarks.md. They are run by themselves.
 *
 * @module
 */

import { paragraphs, table } from './markdown.ts'

/** The section. */
export const PUSHED = paragraphs(
  '## slipway push beside skopeo copy',
  'The same image to Slipway on versitygw, with each connection of the client and of the registry held to a rate by a relay: 90 MB/s and 20 ms, medians of three rounds on an idle machine; and ten times slower (9 MB/s, 200 ms), one round on a busy one, where the lines count for more than the processors. Client, relay, registry and S3 server share the two processors:',
  table(
    [
      ...['image', 'skopeo copy', 'slipway push', 'processors busy'],
      ...['ten times slower: skopeo copy', 'slipway push'],
    ],
    [
      ['six layers of 50 MB', '8.1 s', '2.4 s', '44 %, 78 %', '62.6 s', '9.3 s'],
      ['a layer of 300 MB', '5.1 s', '3.9 s', '58 %, 72 %', '47.9 s', '25.5 s'],
    ],
  ),
  'Six layers are one part each: nothing is read back. The larger one goes over many connections, and is then read back and copied, here on the same two processors. The client itself kept a processor busy for 0.9 and 1.2 s, skopeo for 1.4 and 1.2 s. Run it with `npm run build && node bench/push.ts 3 6x50 1x300` on an idle machine, and with `SLOWER=10` on a busy one.',
)

/** What bench/web-function.ts measured. */
export const WEB_SERVED = paragraphs(
  '## The server of the Web Function',
  'A layer of 200 MB to the bundle of the Web Function, held to one processor and to two, on versitygw; client and versitygw on the same two processors of an idle machine. Medians of two rounds; versitygw alone took the same bytes at 311 MB/s. A second processor gains nothing here: client and store need it.',
  table(
    ['', 'by PATCH', 'by PUT', 'CPU a GB, by PATCH', 'by PUT'],
    [
      ['1 CPU', '150 MB/s', '233 MB/s', '3.5 s', '3.1 s'],
      ['2 CPUs', '144 MB/s', '213 MB/s', '4.0 s', '4.0 s'],
    ],
  ),
  '`node bench/web-function.ts` measures it anew.',
)
