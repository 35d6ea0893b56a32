/**
 * What a client is told that speaks plain HTTP to a port with TLS, rather than nothing at all.
 *
 * @module
 */

import type { Server } from 'node:http'
import type { Socket } from 'node:net'

const TEXT = 'This port speaks HTTPS, and the request was plain HTTP: use https://.\n'

const RESPONSE = `HTTP/1.1 400 Bad Request\r
Content-Type: text/plain; charset=utf-8\r
Content-Length: ${TEXT.length}\r
Connection: close\r
\r
${TEXT}`

const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`

/** Makes a server with TLS respond to plain HTTP with 400 and one sentence. */
export const answerPlainHttp = (server: Server): void => {
  // Connections whose handshake is under way: what TLS makes of one cannot be written to.
  const raw = new Map<string, Socket>()
  server.on('connection', (socket: Socket) => {
    const name = nameOf(socket)
    raw.set(name, socket)
    socket.once('close', () => raw.delete(name))
  })
  server.on('secureConnection', (socket: Socket) => raw.delete(nameOf(socket)))
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ERR_SSL_HTTP_REQUEST') raw.get(nameOf(socket))?.end(RESPONSE)
  })
}
