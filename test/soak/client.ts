/**
 * A client that repeats what fails, as real ones do, and pushes blobs in the ways of skopeo and crane.
 *
 * @module
 */
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Content } from '../support/hosts/content.ts'
import type { Answer, Sent } from '../support/hosts/host.ts'
import { sendOver } from '../support/hosts/wire.ts'
import { locationOf } from '../support/rig/client.ts'
import { inChunks } from '../support/rig/push.ts'
import type { History } from './history.ts'

/** Attempts before a client gives up: some twenty seconds, more than a claim holds. */
const ATTEMPTS = 40

/** For mounts of what any repository has. */
export const ANYWHERE = ''

/** How a client sends a blob. */
export type Shape = 'skopeo' | 'crane'

export interface Client {
  /** Sends a request until there is an answer below 500. @returns undefined when there is none at last */
  send(request: string, body?: Sent['body'], type?: string): Promise<Answer | undefined>
  /**
   * Makes sure that a repository has a blob: asks, mounts where `from` says so, from {@link ANYWHERE}, too, or sends it.
   *
   * @returns since when the client has been told so, in milliseconds; undefined when it gave up
   */
  bring(
    shape: Shape,
    name: string,
    blob: Content,
    from?: string | undefined,
  ): Promise<number | undefined>
}

/** A client of servers on one store; each request goes to any of them. */
export const createClient = (urls: readonly string[], history: History): Client => {
  const agent = new Agent({ keepAlive: true, maxSockets: 400 })

  const once = async (request: string, body?: Sent['body'], type?: string) => {
    const [method = '', target = ''] = request.split(' ')
    const url = urls[Math.floor(Math.random() * urls.length)]!
    const headers = type === undefined ? undefined : { 'Content-Type': type }
    history.count('requests')
    try {
      const answer = await sendOver(agent, url, { method, target, body, headers })
      if (answer.status < 500 && answer.status !== 429) return answer
      history.count(`answers of ${answer.status}`)
    } catch {
      history.count('no answer')
    }
    return undefined
  }

  const send: Client['send'] = async (request, body, type) => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const answer = await once(request, body, type)
      if (answer !== undefined) return answer
      await sleep(300 + 400 * Math.random())
    }
    history.count('given up')
    return undefined
  }

  /** One upload. @returns whether it is there */
  const upload = async (shape: Shape, name: string, blob: Content, query: string) => {
    const begun = await send(`POST /v2/${name}/blobs/uploads/${query}`)
    if (begun?.status === 201) return 'mounted'
    if (begun?.status !== 202) return undefined
    if (shape === 'crane') {
      const to = locationOf(begun, `digest=${blob.sha256}`)
      const put = await once(`PUT ${to}`, blob.bytes)
      return put?.status === 201 ? 'pushed' : undefined
    }
    const patched = await once(`PATCH ${locationOf(begun)}`, inChunks(blob.bytes, 16 * 1024))
    if (patched?.status !== 202) return undefined
    const put = await send(`PUT ${locationOf(patched, `digest=${blob.sha256}`)}`)
    return put?.status === 201 ? 'pushed' : undefined
  }

  return {
    send,
    async bring(shape, name, blob, from) {
      const note = (what: string) => history.note(blob.sha256, `${name}: ${what} (${shape})`)
      const head = await send(`HEAD /v2/${name}/blobs/${blob.sha256}`)
      if (head?.status === 200) {
        note('HEAD 200')
        return performance.now()
      }
      const source = from === ANYWHERE ? '' : `&from=${from}`
      const query = from === undefined ? '' : `?mount=${blob.sha256}${source}`
      for (let attempt = 0; attempt < ATTEMPTS / 4; attempt++) {
        const how = await upload(shape, name, blob, attempt === 0 ? query : '')
        if (how !== undefined) {
          note(how)
          history.count(`blobs ${how}`)
          return performance.now()
        }
        await sleep(300 + 400 * Math.random())
      }
      note('given up')
      return undefined
    },
  }
}
