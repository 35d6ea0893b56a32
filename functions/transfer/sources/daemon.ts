/**
 * Images of a docker daemon, by the Engine API: `GET /images/{name}/get`.
 *
 * @module
 */

import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { TransferError } from '../errors.ts'
import type { Env } from '../registry/docker-config.ts'

const DEFAULT = 'unix:///var/run/docker.sock'

/** Where the daemon listens, as DOCKER_HOST says. @throws TransferError for other kinds */
const addressOf = (host: string) => {
  const url = URL.parse(host)
  if (url?.protocol === 'unix:') return { socketPath: url.pathname }
  if (url?.protocol === 'tcp:') return { host: url.hostname, port: Number(url.port || 2375) }
  throw new TransferError(
    `DOCKER_HOST is ${JSON.stringify(host)}: expected unix:///path or tcp://host:port`,
  )
}

/**
 * What the daemon saves of an image: an archive as of `docker save`.
 *
 * @throws TransferError when there is no daemon, or it has no such image
 */
export const savedByDaemon = async (
  image: string,
  { env }: { readonly env: Env },
): Promise<Readable> => {
  const daemon = env.DOCKER_HOST || DEFAULT
  const path = `/images/${encodeURIComponent(image)}/get`
  const asking = request({ ...addressOf(daemon), path, agent: false })
  asking.end()
  const answered = once(asking, 'response') as Promise<[IncomingMessage]>
  const [answer] = await answered.catch((cause: Error) => {
    throw new TransferError(
      `${image} is not a file, and there is no docker daemon at ${daemon} to ask for it: ${cause.message}`,
      { cause },
    )
  })
  if (answer.statusCode === 200) return answer
  const said = await text(answer)
  throw new TransferError(`the docker daemon at ${daemon} gives no ${image}: ${said.trim()}`)
}
