/**
 * Plain HTTP requests to a repository of the deployed registry, with a token. Redirects are returned, not
 * followed.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { digestOf, mediaTypes } from '../../conformance/client.ts'
import type { Deployment } from './deployment.ts'

/** Headers and body of a request. */
export type Sent = Pick<RequestInit, 'headers' | 'body'>

/** An image of one layer. */
export interface Image {
  readonly layer: Buffer
  readonly manifest: Buffer
}

export interface Session {
  /** The token that every request carries. */
  readonly token: string
  /** @param path below `/v2/<repository>/`, or absolute */
  send(method: string, path: string, sent?: Sent): Promise<Response>
  /** Pushes a blob in one POST. @returns its digest */
  pushBlob(bytes: Buffer): Promise<string>
  /** Pushes an image with this layer under a tag. */
  pushImage(tag: string, layer: Buffer): Promise<Image & { readonly digest: string }>
}

/** Checks the status of a response. */
const expect = async (response: Response, status: number): Promise<Response> => {
  assert.equal(response.status, status, `${response.url}: ${await response.clone().text()}`)
  return response
}

/** The Location of a response; fails if there is none. */
export const locationOf = (answer: Response, status: number): string => {
  const location = answer.headers.get('location')
  assert.equal(answer.status, status)
  assert.ok(location)
  return location
}

/** Gets a token for everything in a repository. */
export const startSession = async (
  { address, admin }: Pick<Deployment, 'address' | 'admin'>,
  repository: string,
): Promise<Session> => {
  const scope = `repository:${repository}:pull,push,delete`
  const answer = await fetch(`http://${address}/token?service=slipway&scope=${scope}`, {
    headers: { authorization: `Basic ${btoa(`${admin.name}:${admin.password}`)}` },
  })
  const { token } = (await (await expect(answer, 200)).json()) as { token: string }
  const send: Session['send'] = (method, path, sent = {}) =>
    fetch(new URL(path, `http://${address}/v2/${repository}/`), {
      method,
      redirect: 'manual',
      ...(sent.body == null ? {} : { body: sent.body }),
      headers: { authorization: `Bearer ${token}`, ...sent.headers },
    })
  const pushBlob = async (bytes: Buffer): Promise<string> => {
    const digest = digestOf(bytes)
    const body = new Uint8Array(bytes)
    await expect(await send('POST', `blobs/uploads/?digest=${digest}`, { body }), 201)
    return digest
  }
  return {
    token,
    send,
    pushBlob,
    async pushImage(tag, layer) {
      const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{}}')
      const manifest = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: mediaTypes.manifest,
          config: {
            mediaType: mediaTypes.config,
            digest: await pushBlob(config),
            size: config.length,
          },
          layers: [
            { mediaType: mediaTypes.layer, digest: await pushBlob(layer), size: layer.length },
          ],
        }),
      )
      const headers = { 'content-type': mediaTypes.manifest }
      const body = new Uint8Array(manifest)
      await expect(await send('PUT', `manifests/${tag}`, { headers, body }), 201)
      return { layer, manifest, digest: digestOf(manifest) }
    },
  }
}
