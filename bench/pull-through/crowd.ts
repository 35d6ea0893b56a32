/**
 * Clients that cost as little as clients can: many in one process, on plain sockets, with one buffer for all that they
 * receive, of which no more is read than where each answer ends.
 *
 * @module
 */

import { connect } from 'node:net'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { inBatches } from '../../functions/shared/parallel.ts'
import { createAnswerReader } from '../client/answer-reader.ts'
import type { Image } from '../content.ts'

/** Blobs under way at once, docker's default. */
const DOWNLOADS = 3

/** What all receive, one after the other. */
const buffer = Buffer.alloc(1024 * 1024)

/** GETs a path, on a connection of its own. @throws Error unless it comes whole with status 200 */
const get = ({ host, port }: Host, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const reader = createAnswerReader('GET')
    const socket = connect({
      host,
      port,
      onread: {
        buffer,
        callback(length, received) {
          try {
            const status = reader.read(Buffer.from(received.buffer, received.byteOffset, length))
            if (status === undefined) return true
            if (status === 200) resolve()
            else reject(new Error(`GET ${path}: ${status}`))
          } catch (error) {
            reject(error)
          }
          socket.destroy()
          return false
        },
      },
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`GET ${path}: the connection was closed too early`)))
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nAccept: ${OCI_MANIFEST}\r\nConnection: close\r\n\r\n`,
    )
  })

interface Host {
  readonly host: string
  readonly port: number
}

/** Pulls an image as docker does: its manifest, then its blobs, some at once. */
const pull = async (host: Host, name: string, { blobs }: Image): Promise<void> => {
  await get(host, `/v2/${name}/manifests/v1`)
  await inBatches(blobs, ({ digest }) => get(host, `/v2/${name}/blobs/${digest}`), DOWNLOADS)
}

/**
 * Has clients pull one image at the same time.
 *
 * @param address `host:port`
 * @returns seconds until the last of them has it
 */
export const crowd = async (
  address: string,
  name: string,
  image: Image,
  clients: number,
): Promise<number> => {
  const [host = '', port] = address.split(':')
  const begun = performance.now()
  await Promise.all(
    Array.from({ length: clients }, () => pull({ host, port: Number(port) }, name, image)),
  )
  return (performance.now() - begun) / 1000
}
