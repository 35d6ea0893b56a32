/**
 * Images as docker 1.13.1 pushes them by the first API.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { expectStatus, type Send } from '../support/rig/client.ts'
import { archive } from './archive.ts'

/** An image to push. */
export interface Old {
  readonly id: string
  readonly json: string
  readonly layer: Buffer
  readonly payload: string
}

/** An id of one hex digit. */
export const idOf = (letter: string): string => letter.repeat(64)

/** An image with one file. */
export const oldImage = (letter: string, parent?: string, more: object = {}): Old => {
  const json = JSON.stringify({
    id: idOf(letter),
    created: '2015-05-20T19:51:23.8Z',
    container_config: { Cmd: ['/bin/sh', '-c', `touch ${letter}`] },
    architecture: 'amd64',
    os: 'linux',
    Size: 3,
    ...(parent === undefined ? {} : { parent: idOf(parent) }),
    ...more,
  })
  const layer = gzipSync(archive([{ name: letter, content: 'hi\n' }]))
  const payload = createHash('sha256').update(`${json}\n`).update(layer).digest('hex')
  return { id: idOf(letter), json, layer, payload: `sha256:${payload}` }
}

/** The Authorization header that docker makes of a token: it says the first word twice. */
export const authorized = (token: string | null) => ({ Authorization: `Token ${token}` })

/** Begins a push. @returns what shows the token */
export const beginPush = async (send: Send, name: string, images: readonly Old[] = []) => {
  const body = Buffer.from(JSON.stringify(images.map(({ id }) => ({ id }))))
  const headers = { 'X-Docker-Token': 'true' }
  const begun = await expectStatus(200, send(`PUT /v1/repositories/${name}/`, body, headers))
  return authorized(begun.headers.get('X-Docker-Token'))
}

/** Begins a pull. @returns what shows the token */
export const beginPull = async (send: Send, name: string, headers: Record<string, string> = {}) => {
  const asked = { 'X-Docker-Token': 'true', ...headers }
  const begun = await expectStatus(
    200,
    send(`GET /v1/repositories/${name}/images`, undefined, asked),
  )
  return authorized(begun.headers.get('X-Docker-Token'))
}

type Headers = Readonly<Record<string, string>>

/** Pushes an image, up to its checksum. */
export const pushOld = async (send: Send, { id, json, layer, payload }: Old, token: Headers) => {
  const path = `/v1/images/${id}`
  await expectStatus(200, send(`PUT ${path}/json`, Buffer.from(json), token))
  await expectStatus(200, send(`PUT ${path}/layer`, layer, token))
  const sums = { ...token, 'X-Docker-Checksum-Payload': payload }
  await expectStatus(200, send(`PUT ${path}/checksum`, undefined, sums))
}

/** Sets a tag. */
export const tagOld = (send: Send, name: string, tag: string, id: string, token: Headers) =>
  send(`PUT /v1/repositories/${name}/tags/${tag}`, Buffer.from(JSON.stringify(id)), token)

/** Pushes images from the bottom up, and a tag for the last. */
export const pushAll = async (send: Send, name: string, tag: string, images: readonly Old[]) => {
  const token = await beginPush(send, name, images)
  for (const each of images) await pushOld(send, each, token)
  await expectStatus(200, tagOld(send, name, tag, images.at(-1)?.id ?? '', token))
  return token
}
