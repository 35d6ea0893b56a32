/**
 * Upstreams of the function behind the API: manifests come through it, blobs pass it by.
 *
 * @module
 */

import type { HostOptions } from '../open-app.ts'
import { openUpstreams } from '../open-upstreams.ts'
import { invokeLater } from './invoke-later.ts'

/** Milliseconds of a request's 30 s, at the gateway, that are for upstreams; the rest is for a start and the store. */
const MOST = 20_000

/** Milliseconds until a response begins, and while a body stands still: several fit into {@link MOST}. */
const PATIENCE = { head: 8_000, body: 8_000 }

/** Bytes of blobs that come in that time at 2 MB/s; most layers of small images are smaller. */
const AT_ONCE = 32 * 2 ** 20

/**
 * Follows the document of upstreams.
 *
 * @param fillFunction ARN of the function that copies blobs
 * @param streams whether there is another host, which streams
 */
export const openPassingUpstreams =
  (
    fillFunction: string,
    streams: boolean,
    env: Readonly<Record<string, string | undefined>>,
  ): NonNullable<HostOptions['openUpstreams']> =>
  (parts) =>
    openUpstreams({
      ...parts,
      fetching: {
        most: MOST,
        patience: PATIENCE,
        streams,
        atOnce: AT_ONCE,
        start: (wanted) => invokeLater(fillFunction, wanted, { endpoint: env.AWS_ENDPOINT_URL }),
      },
    })
