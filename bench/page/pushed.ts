/**
 * What bench/push.ts measured, for docs/benchmarks.md. It is run by itself.
 *
 * @module
 */

import { paragraphs, table } from './markdown.ts'

/** The section. */
export const PUSHED = paragraphs(
  '## slipway push beside skopeo copy',
  'The same image to Slipway on versitygw, with each connection of the client and of the registry held to 90 MB/s with 20 ms by a relay. Client, relay, registry and S3 server share the two processors. Medians of three rounds, while other work kept both processors full throughout (load 22 to 29), so these are times of a machine without idle processors, not of the network:',
  table(
    ['image', 'skopeo copy', 'slipway push'],
    [
      ['a layer of 300 MB', '13.7 s', '24.7 s'],
      ['six layers of 50 MB', '23.7 s', '20.1 s'],
    ],
  ),
  'Whoever waits for the network rather than for a processor gains by parts, since they go over many connections; whoever waits for processors does not, since a blob in several parts is also read back and copied, here on the same two. The client itself kept a processor busy for 0.9 s with 300 MB, skopeo for 1.4 s (one round). Run it with `npm run build && node bench/push.ts` on an idle machine.',
)
