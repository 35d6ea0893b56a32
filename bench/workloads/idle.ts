/**
 * Thousands of connections on which nothing happens, beside some that ask all the time.
 *
 * @module
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { inBatches } from '../../functions/shared/parallel.ts'
import { putLoad } from '../client/load.ts'
import { pushImage } from '../client/push.ts'
import type { Image, ImageMaker } from '../content.ts'
import { allowOpenFiles } from '../open-files.ts'
import { processesOf, residentBytes } from '../process-usage.ts'
import type { Scene } from '../rounds.ts'
import type { Actor } from '../stage.ts'

/** How many connections. */
export interface Connections {
  readonly idle: number
  readonly active: number
}

const NAME = 'bench/idle'

/** Files that a process has open besides these connections, at most: the client keeps those it has pulled over. */
const OTHERS = 500

/** Opens a connection, which has been of use once: some servers close those that never were. */
const openIdle = async (address: string): Promise<Socket> => {
  const [host, port] = address.split(':')
  const socket = connect(Number(port), host)
  await once(socket, 'connect')
  socket.write(`GET /v2/ HTTP/1.1\r\nHost: ${address}\r\n\r\n`)
  await once(socket, 'data')
  // What closes it later is counted, no matter how.
  return socket.on('error', () => {}).resume()
}

/** How many idle connections server and client may have. */
const allowedOf = async ({ peer, pid }: Actor, { idle, active }: Connections, tell: Tell) => {
  const all = [...processesOf(pid()), process.pid]
  const limits = await Promise.all(all.map((each) => allowOpenFiles(each, idle + active + OTHERS)))
  const allowed = Math.max(0, Math.min(idle, Math.min(...limits) - active - OTHERS))
  if (allowed < idle)
    tell(`${peer.name}: the limit of open files allows ${allowed} idle connections, not ${idle}`)
  return allowed
}

type Tell = (line: string) => void

/**
 * GETs of a manifest over the active connections, while the idle ones are open.
 *
 * @param tell is told where the limits of this machine do not allow so many
 */
export const idleScene = (
  maker: ImageMaker,
  connections: Connections,
  seconds: number,
  tell: Tell,
): Scene<Image> => {
  let image: Image | undefined
  const run = async (actor: Actor) => {
    const { address, pid } = actor
    const places = Array.from({ length: await allowedOf(actor, connections, tell) })
    const sockets = await inBatches(places, () => openIdle(address), 50)
    try {
      const load = await putLoad({
        address,
        method: 'GET',
        paths: [`/v2/${NAME}/manifests/v1`],
        headers: { Accept: OCI_MANIFEST },
        status: 200,
        connections: connections.active,
        seconds,
      })
      const open = sockets.filter(({ readyState }) => readyState === 'open').length
      // Before they are closed, not after.
      return { ...load, steadyBytes: residentBytes(...processesOf(pid())), idleAtTheEnd: open }
    } finally {
      // A reset leaves nothing behind, where a close would occupy the port for a minute.
      for (const socket of sockets) socket.resetAndDestroy()
    }
  }
  return {
    seconds: seconds + connections.idle / 2000,
    async prepare({ actors }) {
      if (image !== undefined) return image
      image = maker.make({ layers: 1, layerBytes: 10_000 })
      for (const { client } of actors) await pushImage(client, NAME, 'v1', image, 'containerd')
      return image
    },
    steps: [{ id: `many/idle/${connections.idle}+${connections.active}`, run }],
  }
}
