/**
 * A repository that images are sent to.
 *
 * @module
 */

import { isDigest, isName, isTag } from '../../registry/reference.ts'
import { quoted } from '../../shared/errors.ts'
import { TransferError } from '../errors.ts'
import { isHttp, shown } from './address.ts'
import { type Authorized, authorizing } from './authorize.ts'
import { credentialsFor, type Env } from './docker-config.ts'
import { refused } from './failure.ts'
import type { Http, Outgoing, Reply } from './http.ts'

/** A repository, and perhaps a tag, as people write them. */
export interface Place {
  /** With its port. */
  readonly host: string
  readonly name: string
  readonly tag: string | undefined
}

/** Reads `HOST/NAME[:TAG]`. @throws TransferError */
export const parsePlace = (text: string): Place => {
  const slash = text.indexOf('/')
  const [host, rest] = [text.slice(0, slash), text.slice(slash + 1)]
  const [, name = '', tag] = rest.match(/^([^:@]+)(?::([^:@/]+))?$/) ?? []
  const isHost = slash > 0 && /^[\w.-]+(?::\d+)?$|^\[[\da-f:.]+\](?::\d+)?$/i.test(host)
  if (isHost && isName(name) && (tag === undefined || isTag(tag))) return { host, name, tag }
  throw new TransferError(
    `${JSON.stringify(text)} is not a target: expected HOST/NAME or HOST/NAME:TAG, as in registry.example/team/app:1.0`,
  )
}

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/i

/**
 * The scheme and host of a registry. Loopback is plain HTTP where nothing there speaks TLS, as with docker.
 *
 * @param plainHttp whether no TLS is wanted
 */
export const originOf = async (http: Http, host: string, plainHttp: boolean): Promise<string> => {
  if (plainHttp) return `http://${host}`
  if (!LOOPBACK.test(host)) return `https://${host}`
  const speaksTls = await http.send({ method: 'GET', url: `https://${host}/v2/` }).then(
    () => true,
    (error: unknown) => /certificate/i.test(String(error)),
  )
  return `${speaksTls ? 'https' : 'http'}://${host}`
}

/** A repository of a registry. */
export interface Target {
  readonly origin: string
  readonly name: string
  readonly http: Http
  /** A request to the registry's host, with credentials; to any other, without. */
  send(outgoing: Outgoing): Promise<Reply>
  /**
   * An URL of this repository, or where a Location leads.
   *
   * @param base what it is relative to
   * @throws TransferError if it is not an HTTP address
   */
  resolve(path: string, base?: string): string
  /** Whether there is such a blob. */
  has(digest: string): Promise<boolean>
  putManifest(reference: string, mediaType: string, bytes: Uint8Array): Promise<Reply>
}

/** Opens a repository; sends nothing yet. @param from repositories that blobs are mounted from */
export const openTarget = async (
  http: Http,
  origin: string,
  { host, name }: Pick<Place, 'host' | 'name'>,
  env: Env,
  from: readonly string[] = [],
): Promise<Target> => {
  const pulls = from.map((each) => ` repository:${each}:pull`).join('')
  const scope = `repository:${name}:pull,push${pulls}`
  const own = authorizing(http, origin, await credentialsFor(host, env), scope)
  return targetAt(http, origin, name, own)
}

/**
 * The path of a manifest in its repository.
 *
 * @throws TransferError for what is neither a tag nor a digest, as the path might be another one then
 */
export const manifestPath = (reference: string): string => {
  if (isTag(reference) || isDigest(reference)) return `manifests/${reference}`
  throw new TransferError(`${quoted(reference)} is neither a tag nor a digest`)
}

/** A repository, with whatever authorizes requests to its registry. */
export const targetAt = (http: Http, origin: string, name: string, own: Authorized): Target => {
  const resolve: Target['resolve'] = (path, base = `${origin}/v2/${name}/`) => {
    const url = URL.canParse(path, base) ? new URL(path, base).href : path
    if (isHttp(url)) return url
    throw new TransferError(
      `${origin} leads to ${JSON.stringify(shown(path))}, which is not an HTTP address`,
    )
  }
  const send: Target['send'] = (outgoing) =>
    (new URL(outgoing.url).origin === new URL(origin).origin ? own : http).send(outgoing)
  return {
    origin,
    name,
    http,
    resolve,
    send,
    async has(digest) {
      const url = resolve(`blobs/${digest}`)
      const { status, headers } = await send({ method: 'HEAD', url })
      if (![302, 307].includes(status) || headers.location === undefined) return status === 200
      const there = await http.send({ method: 'HEAD', url: resolve(headers.location, url) })
      return there.status === 200
    },
    async putManifest(reference, mediaType, bytes) {
      const headers = { 'Content-Type': mediaType }
      const url = resolve(manifestPath(reference))
      const reply = await send({ method: 'PUT', url, headers, body: bytes })
      if (reply.status !== 201) throw refused(`${name}:${reference} could not be pushed`, reply)
      return reply
    },
  }
}
