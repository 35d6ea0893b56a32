/**
 * The endpoint of an AWS Lambda Web Function, in front of the server.
 *
 * @module
 */

import { isIP } from 'node:net'
import type { Front } from '../front.ts'
import { addressOf, originFor, plain } from '../origin.ts'

/**
 * The endpoint passes requests on whose Host is its own name, over TLS, so that Host is the address that the client
 * used; X-Forwarded-Host and Forwarded may be made up. It adds the address that it got the request from to
 * X-Forwarded-For, and takes `lambda-web-*` out of what clients send.
 */
export const endpointInFront: Front = {
  originOf({ headers, socket }) {
    const last = addressOf(
      String(headers['x-forwarded-for'] ?? '')
        .split(',')
        .at(-1) ?? '',
    )
    const peer = plain(socket.remoteAddress ?? '')
    return { origin: originFor('https', headers.host), address: isIP(last) === 0 ? peer : last }
  },
  requestId: ({ headers }) => headers['lambda-web-request-id'] as string | undefined,
  halfDuplex: true,
}
