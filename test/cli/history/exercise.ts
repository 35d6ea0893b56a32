/**
 * What is pushed to a registry of one version and read from another.
 *
 * @module
 */

import { OCI_INDEX, OCI_MANIFEST } from '../../../functions/registry/media-types.ts'
import {
  blob,
  CONFIG,
  type Content,
  descriptorOf,
  imageOf,
  indexOf,
} from '../../support/hosts/content.ts'

/** Alice's, as `slipway user add` has it. */
export const PASSWORD = 'a password of some length'

const basic = `Basic ${Buffer.from(`alice:${PASSWORD}`).toString('base64')}`

/** distribution answers 404 for a type that is not listed. */
const ACCEPT = `${OCI_MANIFEST}, ${OCI_INDEX}, */*`

/** Sends a request as Alice. */
export const send = async (
  url: string,
  method: string,
  path: string,
  status: number,
  body?: Content,
  type = 'application/octet-stream',
): Promise<Response> => {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { Authorization: basic, Accept: ACCEPT, ...(body ? { 'Content-Type': type } : {}) },
    ...(body ? { body: new Uint8Array(body.bytes) } : {}),
  })
  if (response.status !== status) {
    throw new Error(
      `${method} ${path}: ${response.status}, not ${status}: ${await response.text()}`,
    )
  }
  return response
}

/** Everything that a push of one seed consists of. */
export const contentOf = (seed: string) => {
  const layers = [blob(`${seed} layer`, 3000), blob('shared layer', 2000)]
  const image = imageOf(layers, { annotations: { seed } })
  const index = indexOf([image], { annotations: { seed } })
  const subject = descriptorOf(OCI_MANIFEST, image)
  const referrer = imageOf([], { artifactType: 'application/vnd.test', subject })
  return { layers, image, index, referrer }
}

/** Pushes an image, an index of it, and a referrer. */
export const push = async (url: string, name: string, seed: string): Promise<void> => {
  const { layers, image, index, referrer } = contentOf(seed)
  for (const each of [...layers, CONFIG]) {
    const begun = await send(url, 'POST', `/v2/${name}/blobs/uploads/`, 202)
    const at = new URL(begun.headers.get('Location') ?? '', url)
    at.searchParams.set('digest', each.sha256)
    await send(url, 'PUT', at.pathname + at.search, 201, each)
  }
  const manifest = (reference: string, of: Content, type: string = OCI_MANIFEST) =>
    send(url, 'PUT', `/v2/${name}/manifests/${reference}`, 201, of, type)
  await manifest(seed, image)
  await manifest('latest', index, OCI_INDEX)
  await manifest(referrer.sha256, referrer)
}

const bytesOf = async (response: Response): Promise<string> =>
  Buffer.from(await response.arrayBuffer()).toString('base64')

/**
 * Reads all of a push back, by tag, by digest and through the lists.
 *
 * @param latest whether its index is what `latest` points to
 * @throws Error naming the request that was wrong
 */
export const check = async (
  url: string,
  name: string,
  seed: string,
  latest: boolean,
): Promise<void> => {
  const { layers, image, index, referrer } = contentOf(seed)
  const same = async (path: string, wanted: Content): Promise<void> => {
    const read = await bytesOf(await send(url, 'GET', `/v2/${name}/${path}`, 200))
    if (read !== wanted.bytes.toString('base64')) throw new Error(`${path}: other bytes`)
  }
  for (const each of [...layers, CONFIG]) await same(`blobs/${each.sha256}`, each)
  await same(`manifests/${seed}`, image)
  for (const each of [image, index, referrer]) await same(`manifests/${each.sha256}`, each)
  if (latest) await same('manifests/latest', index)
  const lists = [
    [`/v2/${name}/referrers/${image.sha256}`, referrer.sha256],
    [`/v2/${name}/tags/list`, `"${seed}"`],
    ['/v2/_catalog', `"${name}"`],
  ] as const
  for (const [path, entry] of lists) {
    const text = await (await send(url, 'GET', path, 200)).text()
    if (!text.includes(entry)) throw new Error(`${path} has no ${entry}: ${text}`)
  }
}
