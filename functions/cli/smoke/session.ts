/**
 * A registry under test: requests to it, and what was pushed to it and must be deleted in the end.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { OCI_MANIFEST } from '../../registry/media-types.ts'
import type { Digest } from '../../registry/reference.ts'
import type { User } from '../../transfer/registry/challenge.ts'
import { type Asked, type Client, createClient, type Reply } from './client.ts'
import {
  type Content,
  type Image,
  type LargeContent,
  largeContent,
  manifestOf,
  newConfig,
  randomContent,
} from './content.ts'
import { createAuthorize } from './credentials.ts'
import { reach } from './reach.ts'
import { Unmet } from './unmet.ts'

/** Where to look, and as whom. */
export interface Target {
  /** Scheme and host. */
  readonly origin: string
  readonly repository: string
  readonly user?: User | undefined
  /** Scheme and host that uploads must lead to; where it is not given, it is what POST says. */
  readonly pushHost?: string | undefined
}

/** A request without its method and address. */
export type Extra = Omit<Asked, 'method' | 'url'>

/** A response, perhaps after a redirect. */
export interface Followed {
  readonly reply: Reply
  /** Where the redirect led, if there was one. */
  readonly elsewhere: string | undefined
}

/** The registry under test. */
export interface Session extends Target {
  readonly client: Client
  /**
   * Sends a request, with credentials if it is to the registry's own host, as clients do.
   *
   * @param path absolute, or relative to the repository
   */
  ask(method: string, path: string, extra?: Extra): Promise<Reply>
  /** The same, and follows one redirect as clients do: the same method, no Authorization. */
  follow(method: string, path: string, extra?: Extra): Promise<Followed>
  /** Resolves a Location and adds a query to it. */
  resolve(location: string, query?: string): string
  /**
   * Starts an upload.
   *
   * @param agent the client that it is; none is one that the registry does not know
   * @returns the address to continue at
   * @throws Unmet
   */
  begin(agent?: string): Promise<string>
  /** Another host than this one that takes uploads, if there is one. @throws Unmet */
  uploadHost(): Promise<string | undefined>
  /** Why there is no way to a host, if there is none; found out once. @param origin its scheme and host */
  unreachable(origin: string): Promise<string | undefined>
  /** The same repository, image and user at another host. @param origin its scheme and host */
  at(origin: string): Session
  /** Pushes a blob. @throws Unmet */
  pushBlob(content: Content): Promise<void>
  /** Pushes a manifest; what it refers to must be there. @throws Unmet */
  pushManifest(reference: string, manifest: Content, type?: string): Promise<Reply>
  /** An image, pushed when it is first asked for. @throws Unmet */
  image(): Promise<Image>
  /**
   * A layer of a usual size. There is one for all: nothing frees what it takes in the store, and a
   * registry reads it again to the end although it has it.
   */
  large(): LargeContent
  /** Digests of manifests and blobs that were pushed. */
  readonly pushed: { readonly manifests: Set<Digest>; readonly blobs: Set<Digest> }
}

/** As what docker and containerd introduce themselves: two that follow uploads to another host. */
export const DOCKER = 'docker/29.1.0 go/go1.25.4 os/linux arch/amd64'
export const CONTAINERD = 'containerd/v2.2.0'

/** Bytes of the layer in the image that is read back. */
const LAYER = 100_000

/** Bytes of the large one, which fits no request to Lambda. */
export const LARGE = 50_000_000

const expectStatus = (reply: Reply, wanted: number, what: string): void => {
  if (reply.status !== wanted) throw new Unmet(`${what}: ${reply.status}, not ${wanted}`)
}

const whyNot = (origin: string): Promise<string | undefined> =>
  reach(origin).then(
    () => undefined,
    ({ message }: Error) => message,
  )

/** Creates a session; nothing is requested yet. */
export const createSession = (target: Target): Session => {
  const client = createClient()
  const pushed = { manifests: new Set<Digest>(), blobs: new Set<Digest>() }
  return sessionAt(target, client, pushed)
}

/** @param first the session of the registry's own address, unless this is it */
const sessionAt = (
  target: Target,
  client: Client,
  pushed: Session['pushed'],
  first?: Pick<Session, 'image' | 'large'>,
): Session => {
  const { origin, repository, user } = target
  const authorize = createAuthorize(
    client,
    origin,
    user,
    `repository:${repository}:pull,push,delete`,
  )
  const elsewhere = new Map<string, Session>()
  const ways = new Map<string, Promise<string | undefined>>()
  let own: Promise<Image> | undefined
  let large: LargeContent | undefined
  let host: Promise<string | undefined> | undefined

  const resolve = (location: string, query?: string): string => {
    const url = location.startsWith('/') ? `${origin}${location}` : location
    return query === undefined ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`
  }
  const urlOf = (path: string): string =>
    /^https?:/.test(path)
      ? path
      : resolve(path.startsWith('/') ? path : `/v2/${repository}/${path}`)

  const ask: Session['ask'] = async (method, path, extra = {}) => {
    const url = urlOf(path)
    const authorization = new URL(url).origin === origin ? await authorize() : undefined
    const own = authorization === undefined ? {} : { Authorization: authorization }
    return client.send({ method, url, ...extra, headers: { ...own, ...extra.headers } })
  }

  const follow: Session['follow'] = async (method, path, extra = {}) => {
    const reply = await ask(method, path, extra)
    const location = reply.headers.get('Location')
    if (location === null || ![301, 302, 303, 307, 308].includes(reply.status)) {
      return { reply, elsewhere: undefined }
    }
    const elsewhere = resolve(location)
    return { reply: await client.send({ method, url: elsewhere, ...extra }), elsewhere }
  }

  const begin = async (agent?: string): Promise<string> => {
    const headers = agent === undefined ? {} : { 'User-Agent': agent }
    const reply = await ask('POST', 'blobs/uploads/', { headers })
    expectStatus(reply, 202, 'no upload could be started')
    return resolve(reply.headers.get('Location') ?? '')
  }

  const findUploadHost = async (): Promise<string | undefined> => {
    const found = new URL(await begin(DOCKER)).origin
    return found === origin ? undefined : found
  }

  const pushBlob = async (content: Content): Promise<void> => {
    const query = `digest=${encodeURIComponent(content.digest)}`
    const headers = { 'Content-Type': 'application/octet-stream' }
    const url = resolve(await begin(), query)
    expectStatus(
      await ask('PUT', url, { headers, body: content.bytes }),
      201,
      'no blob could be pushed',
    )
    pushed.blobs.add(content.digest)
  }

  const pushManifest: Session['pushManifest'] = async (
    reference,
    manifest,
    type = OCI_MANIFEST,
  ) => {
    const headers = { 'Content-Type': type }
    const reply = await ask('PUT', `manifests/${reference}`, { headers, body: manifest.bytes })
    expectStatus(reply, 201, 'no manifest could be pushed')
    pushed.manifests.add(manifest.digest)
    return reply
  }

  const pushImage = async (): Promise<Image> => {
    const [layer, config] = [randomContent(LAYER), newConfig()]
    await pushBlob(layer)
    await pushBlob(config)
    const manifest = manifestOf(config, [layer])
    const tag = `image-${randomBytes(4).toString('hex')}`
    await pushManifest(tag, manifest)
    return { tag, manifest, layer, config }
  }

  const session: Session = {
    ...target,
    client,
    ask,
    follow,
    resolve,
    begin,
    uploadHost: () =>
      (host ??= target.pushHost ? Promise.resolve(target.pushHost) : findUploadHost()),
    unreachable: (other) => {
      const known = ways.get(other) ?? whyNot(other)
      ways.set(other, known)
      return known
    },
    at: (other) => {
      const its = { repository, user, origin: other, pushHost: other }
      const found = elsewhere.get(other) ?? sessionAt(its, client, pushed, session)
      elsewhere.set(other, found)
      return found
    },
    pushBlob,
    pushManifest,
    image: first?.image ?? (() => (own ??= pushImage())),
    large: first?.large ?? (() => (large ??= largeContent(LARGE))),
    pushed,
  }
  return session
}
