/**
 * What is said where a server cannot listen.
 *
 * @module
 */

import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { listen, listenFault } from '../../functions/node/listen.ts'

const at = (port: number) => ({ host: '127.0.0.1', port })

const ROWS: readonly (readonly [
  port: number,
  code: string,
  platform: NodeJS.Platform,
  message: string,
])[] = [
  [
    5000,
    'EADDRINUSE',
    'linux',
    'port 5000 of 127.0.0.1 is in use: choose another, as in --listen 127.0.0.1:5001',
  ],
  [
    5000,
    'EADDRINUSE',
    'darwin',
    'port 5000 of 127.0.0.1 is in use (on macOS by the AirPlay Receiver, unless that is switched off): choose another, as in --listen 127.0.0.1:5001',
  ],
  [
    8080,
    'EADDRINUSE',
    'darwin',
    'port 8080 of 127.0.0.1 is in use: choose another, as in --listen 127.0.0.1:8081',
  ],
  [
    443,
    'EACCES',
    'linux',
    'no permission to listen on port 443: ports below 1024 need the capability CAP_NET_BIND_SERVICE; choose another, as in --listen 127.0.0.1:5000',
  ],
  [5000, 'EADDRNOTAVAIL', 'linux', '--listen 127.0.0.1: this machine has no such address'],
  [5000, 'ENOTFOUND', 'linux', '--listen 127.0.0.1: there is no address of that name'],
  [5000, 'EMFILE', 'linux', 'cannot listen on 127.0.0.1:5000: EMFILE'],
]
for (const [port, code, platform, message] of ROWS) {
  test(`${code} on port ${port} of ${platform}`, () => {
    expect(listenFault(at(port), code, platform)).toBe(message)
  })
}

test('an address of another machine', async () => {
  const server = createServer()
  await expect(listen(server, { host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
    name: 'StartError',
    message: '--listen 192.0.2.1: this machine has no such address',
  })
})
