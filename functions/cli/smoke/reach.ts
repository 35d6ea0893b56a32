/**
 * Whether anything listens at an address, found out before some thirty checks each fail for that reason.
 *
 * @module
 */

import { connect } from 'node:net'
import { CommandError } from '../errors.ts'

/** Milliseconds that a connection may take. */
const PATIENCE = 15_000

const WHY: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the name cannot be looked up',
  ECONNREFUSED: 'nothing listens there',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
}

/**
 * Connects, and sends nothing: the first request is a check of its own.
 *
 * @throws CommandError in a line
 */
export const reach = async (origin: string): Promise<void> => {
  const { protocol, hostname, port } = new URL(origin)
  const socket = connect({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
  })
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
      socket.setTimeout(PATIENCE, () =>
        reject(new Error(`no connection within ${PATIENCE / 1000} s`)),
      )
    })
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException
    const why = WHY[code] ?? message
    throw new CommandError(`${origin} cannot be reached: ${why}${code && ` (${code})`}`, { cause })
  } finally {
    socket.destroy()
  }
}
