/**
 * A small client of the distribution API for the tests of the specification. It sends exactly what a
 * test says, and follows redirects of downloads itself, so that both responses can be checked.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'

export type Algorithm = 'sha256' | 'sha512'

/** The digest of these bytes. */
export const digestOf = (bytes: Uint8Array | string, algorithm: Algorithm = 'sha256'): string =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
  /** Headers of the registry's own response, if it was a redirect. */
  readonly redirect: Headers | undefined
}

export interface Request {
  readonly headers?: Readonly<Record<string, string>>
  /** A stream is sent without Content-Length. */
  readonly body?: Uint8Array | string | ReadableStream<Uint8Array>
}

/** A descriptor, with the fields that tests use. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

export const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const

/** One repository of the registry under test. */
export class Repository {
  readonly address: string
  readonly name: string

  constructor(address: string, name: string) {
    this.address = address
    this.name = name
  }

  /** Another repository of the same registry. */
  sibling(suffix: string): Repository {
    return new Repository(this.address, `${this.name}-${suffix}`)
  }

  /** Sends a request to a path below `/v2/<name>/`, or to a Location from the registry. */
  async send(method: string, path: string, request: Request = {}): Promise<Answer> {
    const base = `http://${this.address}/v2/${this.name}/`
    const first = await fetch(new URL(path, base), {
      method,
      headers: request.headers ?? {},
      body: request.body ?? null,
      duplex: 'half',
      redirect: 'manual',
    })
    const location = first.headers.get('location')
    if (first.status !== 307 || location === null) return read(first, undefined)
    await first.body?.cancel()
    const headers = Object.entries(request.headers ?? {}).filter(([name]) => name === 'range')
    const second = await fetch(location, { method, headers: Object.fromEntries(headers) })
    return read(second, first.headers)
  }

  /** Starts an upload. @returns its Location */
  async begin(query = ''): Promise<string> {
    const answer = await this.send('POST', `blobs/uploads/${query}`)
    assert.equal(answer.status, 202, answer.body.toString())
    return locationOf(answer)
  }

  /** Pushes a blob by POST and PUT. */
  async pushBlob(bytes: Uint8Array | string, algorithm: Algorithm = 'sha256'): Promise<string> {
    const digest = digestOf(bytes, algorithm)
    const answer = await this.send('PUT', withDigest(await this.begin(), digest), { body: bytes })
    assert.equal(answer.status, 201, answer.body.toString())
    return digest
  }

  /** Pushes a manifest, given as bytes or as an object. */
  pushManifest(reference: string, content: object | string, type?: string): Promise<Answer> {
    const stated = typeof content === 'object' && 'mediaType' in content && content.mediaType
    const contentType = type ?? (stated || mediaTypes.manifest)
    const body = typeof content === 'string' ? content : JSON.stringify(content)
    const headers = { 'content-type': String(contentType) }
    return this.send('PUT', `manifests/${reference}`, { headers, body })
  }

  /** Pushes an image of one config and one layer, both new. */
  async pushImage(
    reference: string | undefined,
    fields: object = {},
    algorithm: Algorithm = 'sha256',
  ): Promise<Descriptor> {
    const content = JSON.stringify({ ...(await this.image(algorithm)), ...fields })
    const digest = digestOf(content, algorithm)
    const answer = await this.pushManifest(reference ?? digest, content)
    assert.equal(answer.status, 201, answer.body.toString())
    return { mediaType: mediaTypes.manifest, digest, size: content.length }
  }

  /** Pushes the blobs of an image. @returns its manifest */
  async image(algorithm: Algorithm = 'sha256'): Promise<object> {
    const config = JSON.stringify({ architecture: 'amd64', os: 'linux', for: this.name })
    const layer = `layer of ${this.name}`
    return {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: {
        mediaType: mediaTypes.config,
        digest: await this.pushBlob(config, algorithm),
        size: config.length,
      },
      layers: [
        {
          mediaType: mediaTypes.layer,
          digest: await this.pushBlob(layer, algorithm),
          size: layer.length,
        },
      ],
    }
  }
}

const read = async (response: Response, redirect: Headers | undefined): Promise<Answer> => ({
  status: response.status,
  headers: response.headers,
  body: Buffer.from(await response.arrayBuffer()),
  redirect,
})

/** The Location of a response; fails if there is none. */
export const locationOf = (answer: Answer): string => {
  const location = answer.headers.get('location')
  assert.ok(location, `no Location in an answer of ${answer.status}`)
  return location
}

/** A Location with the digest that closes the upload added to its query. */
export const withDigest = (location: string, digest: string): string =>
  `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`

/** Fails unless a response has this status, and an error body with this code. */
export const assertError = (answer: Answer, status: number, ...codes: string[]): void => {
  const text = answer.body.toString()
  assert.equal(answer.status, status, text)
  const { errors } = JSON.parse(text) as { errors: { code: string; message?: unknown }[] }
  assert.ok(errors.length > 0, text)
  for (const { code, message } of errors) {
    assert.ok(codes.includes(code), text)
    assert.ok(message === undefined || typeof message === 'string', text)
  }
}

/** One rule of the specification, and a check that a registry follows it. */
export interface Rule {
  readonly rule: string
  /** @param repository one that is empty */
  check(repository: Repository): Promise<void>
}
