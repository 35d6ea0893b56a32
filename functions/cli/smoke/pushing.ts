/**
 * Pushes to a registry under test, and what must be deleted in the end.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { OCI_MANIFEST } from '../../registry/media-types.ts'
import type { Digest } from '../../registry/reference.ts'
import type { Asking } from './asking.ts'
import type { Reply } from './client.ts'
import { type Content, type Image, manifestOf, newConfig, randomContent } from './content.ts'
import { Unmet } from './unmet.ts'

/** Digests of manifests and blobs that were pushed. */
export interface Pushed {
  readonly manifests: Set<Digest>
  readonly blobs: Set<Digest>
}

/** Pushes to one host. */
export interface Pushing {
  /**
   * Starts an upload.
   *
   * @param agent the client that it is; none is one that the registry does not know
   * @returns the address to continue at
   * @throws Unmet
   */
  begin(agent?: string): Promise<string>
  /** Pushes a blob. @throws Unmet */
  pushBlob(content: Content): Promise<void>
  /** Pushes a manifest; what it refers to must be there. @throws Unmet */
  pushManifest(reference: string, manifest: Content, type?: string): Promise<Reply>
  /** Pushes an image. @throws Unmet */
  pushImage(): Promise<Image>
}

/** Bytes of the layer in the image that is read back. */
const LAYER = 100_000

const expectStatus = (reply: Reply, wanted: number, what: string): void => {
  if (reply.status !== wanted) throw new Unmet(`${what}: ${reply.status}, not ${wanted}`)
}

/** @param pushed gets what is pushed */
export const createPushing = ({ ask, resolve }: Asking, pushed: Pushed): Pushing => {
  const begin: Pushing['begin'] = async (agent) => {
    const headers = agent === undefined ? {} : { 'User-Agent': agent }
    const reply = await ask('POST', 'blobs/uploads/', { headers })
    expectStatus(reply, 202, 'no upload could be started')
    return resolve(reply.headers.get('Location') ?? '')
  }

  const pushBlob: Pushing['pushBlob'] = async ({ digest, bytes }) => {
    const headers = { 'Content-Type': 'application/octet-stream' }
    const url = resolve(await begin(), `digest=${encodeURIComponent(digest)}`)
    expectStatus(await ask('PUT', url, { headers, body: bytes }), 201, 'no blob could be pushed')
    pushed.blobs.add(digest)
  }

  const pushManifest: Pushing['pushManifest'] = async (
    reference,
    { digest, bytes },
    type = OCI_MANIFEST,
  ) => {
    const headers = { 'Content-Type': type }
    const reply = await ask('PUT', `manifests/${reference}`, { headers, body: bytes })
    expectStatus(reply, 201, 'no manifest could be pushed')
    pushed.manifests.add(digest)
    return reply
  }

  return {
    begin,
    pushBlob,
    pushManifest,
    async pushImage() {
      const [layer, config] = [randomContent(LAYER), newConfig()]
      await pushBlob(layer)
      await pushBlob(config)
      const manifest = manifestOf(config, [layer])
      const tag = `image-${randomBytes(4).toString('hex')}`
      await pushManifest(tag, manifest)
      return { tag, manifest, layer, config }
    },
  }
}
