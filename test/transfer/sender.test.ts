/** Blobs are sent some at a time, the largest first, each once; the first failure ends it. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bytesBlob } from '../../functions/transfer/blobs/blob.ts'
import { createHttp } from '../../functions/transfer/registry/http.ts'
import { targetAt } from '../../functions/transfer/registry/target.ts'
import {
  createSender,
  delivering,
  type Extent,
  type SentBlob,
} from '../../functions/transfer/sender.ts'
import { blob } from '../support/hosts/content.ts'
import { type OpenedServer, serveFiles } from '../support/rig/server.ts'

const http = createHttp('slipway/test')
let registry: OpenedServer
beforeAll(async () => {
  registry = await serveFiles()
})
afterAll(async () => {
  http.close()
  await registry.close()
})

const open = (name: string) => {
  const sent: SentBlob[] = []
  const extents: Extent[] = []
  const origin = new URL(registry.url).origin
  const sender = createSender({
    deliver: delivering({ target: targetAt(http, origin, name, http) }),
    happened: (each) => sent.push(each),
    progress: (extent) => extents.push(extent),
  })
  const begun: number[] = []
  const send = (size: number, damage = '') => {
    const { bytes, sha256 } = blob(`${name} ${size}`, size)
    const opened = bytesBlob(damage ? blob(damage, size).bytes : bytes, sha256)
    return sender.send(opened, async () => {
      begun.push(size)
      return opened
    })
  }
  return { sender, sent, extents, begun, send }
}

describe('a sender', () => {
  test('sends the largest first, at most 24 small ones at a time, each once', async () => {
    const { begun, extents, sent, send } = open('order')
    const sizes = Array.from({ length: 30 }, (_, at) => 1000 + at)
    await Promise.all([...sizes, ...sizes].map((size) => send(size)))
    expect(begun).toEqual(sizes.toReversed())
    expect(sent.map(({ size }) => size).toSorted()).toEqual(sizes)
    expect(Math.max(...extents.map(({ underWay }) => underWay.length))).toBe(24)
    const total = sizes.reduce((sum, size) => sum + size)
    expect(extents.at(-1)).toEqual({ sent: total, size: total, blobs: 30, ready: 30, underWay: [] })
    await send(1000)
    expect(begun).toHaveLength(30)
  })

  test('ends with the first failure', async () => {
    const { sender, begun, send } = open('failing')
    const bad = send(5000, 'damaged')
    await expect(bad).rejects.toThrow(/DIGEST_INVALID/)
    await expect(sender.failed).rejects.toThrow(/DIGEST_INVALID/)
    await expect(send(4000)).rejects.toThrow(/DIGEST_INVALID/)
    expect(begun).toEqual([5000])
  })
})
