/**
 * Tells whether the server in this container answers: exit code 0 or 1. `/livez` rather than
 * `/readyz`: what is unhealthy may be started again, which mends no store.
 *
 * @module
 */

import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'

const { SLIPWAY_LISTEN = '', SLIPWAY_TLS_CERT } = process.env
const port = SLIPWAY_LISTEN.slice(SLIPWAY_LISTEN.lastIndexOf(':') + 1) || '5000'
// The certificate is for the name that clients use, not for this address.
const options = {
  host: '127.0.0.1',
  port,
  path: '/livez',
  timeout: 3000,
  rejectUnauthorized: false,
}

const request = SLIPWAY_TLS_CERT ? requestHttps(options) : requestHttp(options)
request.on('response', ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))
request.on('timeout', () => process.exit(1))
request.on('error', () => process.exit(1))
request.end()
