/**
 * Listening on an address, and what it means where that fails.
 *
 * @module
 */

import type { Server } from 'node:http'
import { StartError } from './errors.ts'

interface Address {
  readonly host: string
  readonly port: number
}

/** macOS answers there itself. */
const AIRPLAY = { platform: 'darwin', port: 5000 }

/**
 * What to say of a failure to listen.
 *
 * @param code of the system call, such as `EADDRINUSE`
 * @param platform as Node names it
 * @param flag the setting with the address
 */
export const listenFault = (
  { host, port }: Address,
  code: string,
  platform: NodeJS.Platform = process.platform,
  flag = '--listen',
): string => {
  if (code === 'EADDRINUSE') {
    const airplay =
      platform === AIRPLAY.platform && port === AIRPLAY.port
        ? ' (on macOS by the AirPlay Receiver, unless that is switched off)'
        : ''
    return `port ${port} of ${host} is in use${airplay}: choose another, as in ${flag} ${host}:${port + 1}`
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return `no permission to listen on port ${port}: ports below 1024 need the capability CAP_NET_BIND_SERVICE; choose another, as in ${flag} ${host}:5000`
  }
  if (code === 'EADDRNOTAVAIL') return `${flag} ${host}: this machine has no such address`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return `${flag} ${host}: there is no address of that name`
  }
  return `cannot listen on ${host}:${port}: ${code}`
}

/** Listens. @param flag the setting with the address @throws StartError */
export const listen = async (server: Server, address: Address, flag?: string): Promise<void> => {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(address.port, address.host, resolve)
    })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw new StartError(listenFault(address, code, process.platform, flag), { cause })
  }
}
