/**
 * Whether there is a way to an address, found out before some forty checks each fail for that reason.
 *
 * @module
 */

import { connect, isIP, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { CommandError } from '../errors.ts'

/** Milliseconds that a connection may take. */
const PATIENCE = 15_000

const UNTRUSTED =
  'its certificate is signed by nobody who is trusted here: name its authority in NODE_EXTRA_CA_CERTS, or use a certificate that clients trust'
const NO_TLS = 'it speaks no TLS there: try http://'

const WHY: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the name cannot be looked up',
  ECONNREFUSED: 'nothing listens there',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  CERT_HAS_EXPIRED: 'its certificate has expired: renew it',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: compare the clocks',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'its certificate is for another name: use the name that it is for, or a certificate for this one',
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
}

/** Waits for a connection, with the handshake of TLS if there is one. */
const connected = (socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once(event, resolve)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the connection was closed')))
    socket.setTimeout(PATIENCE, () =>
      reject(new Error(`no connection within ${PATIENCE / 1000} s`)),
    )
  })

/**
 * Connects, and sends nothing: the first request is a check of its own.
 *
 * @param origin scheme and host
 * @throws CommandError that says in a line what to do
 */
export const reach = async (origin: string): Promise<void> => {
  const { protocol, hostname, port } = new URL(origin)
  const host = hostname.replace(/^\[|\]$/g, '')
  const secure = protocol === 'https:'
  const at = { host, port: Number(port) || (secure ? 443 : 80) }
  const socket = secure
    ? connectSecurely({ ...at, ...(isIP(host) ? {} : { servername: host }) })
    : connect(at)
  try {
    await connected(socket, secure ? 'secureConnect' : 'connect')
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException
    const why = WHY[code] ?? message.trim()
    throw new CommandError(`${origin} cannot be reached: ${why}${code && ` (${code})`}`, { cause })
  } finally {
    socket.destroy()
  }
}
