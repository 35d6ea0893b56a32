/**
 * Bodies of any size are sent as they are made, and held nowhere.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient } from '../../../functions/cli/smoke/client.ts'
import { largeContent } from '../../../functions/cli/smoke/content.ts'

const SIZE = 50_000_000
/** Bytes that both ends of a loopback connection may hold for a reader that is late. */
const HELD = 16_000_000

describe('a large body', () => {
  let read: () => void = () => {}
  const server = createServer((incoming, outgoing) => {
    read = () => {
      const hash = createHash('sha256')
      let size = 0
      incoming.on('data', (chunk) => {
        hash.update(chunk)
        size += chunk.length
      })
      incoming.on('end', () => outgoing.end(`${size} sha256:${hash.digest('hex')}`))
    }
  })
  let url = ''
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  })
  afterAll(() => void server.close())

  for (const chunked of [true, false]) {
    test(`is made no faster than it is read, ${chunked ? 'in chunks' : 'with a length'}`, async () => {
      const content = largeContent(SIZE)
      let made = 0
      const counted = {
        size: SIZE,
        *chunks() {
          for (const chunk of content.chunks()) {
            made += chunk.length
            yield chunk
          }
        },
      }
      const client = createClient()
      const reply = client.send({ method: 'PUT', url, body: counted, chunked })
      for (let before = -1; before !== made || made === 0; await sleep(100)) before = made
      expect(made).toBeLessThan(HELD)
      read()
      expect((await reply).body.toString()).toBe(`${SIZE} ${content.digest}`)
      client.close()
    })
  }
})

test('what is made is the same each time, and another each time it is asked for', () => {
  const [one, other] = [largeContent(200_000), largeContent(200_000)]
  const bytes = () => Buffer.concat([...one.chunks()])
  expect(bytes().equals(bytes())).toBe(true)
  expect(bytes().length).toBe(200_000)
  expect(one.digest).not.toBe(other.digest)
})
