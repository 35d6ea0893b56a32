/**
 * Which addresses are private, and that a name which has one is not connected to.
 *
 * @module
 */

import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { getFrom } from '../../functions/shared/outgoing.ts'
import { isPrivate, publicLookup } from '../../functions/shared/private-addresses.ts'

test.each([
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '100.127.255.255',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  'fc00::1',
  'fd12:3456::1',
  'fe80::1',
  'ff02::1',
  '::ffff:10.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:a9fe:a9fe',
  '64:ff9b::a00:1',
  '2002:a00:1::1',
  'not an address',
  '',
])('%s is private', (address) => expect(isPrivate(address)).toBe(true))

test.each([
  '1.1.1.1',
  '9.255.255.255',
  '11.0.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '172.15.255.255',
  '172.32.0.1',
  '192.167.255.255',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00:1450::1',
  '::ffff:8.8.8.8',
])('%s is public', (address) => expect(isPrivate(address)).toBe(false))

test.each([true, false])('a name with a private address is not found, all: %s', async (all) => {
  const found = await new Promise<unknown>((resolve) => {
    publicLookup('localhost', { all }, (error, addresses: string | LookupAddress[]) =>
      resolve(error?.message ?? addresses),
    )
  })
  expect(found).toBe('localhost has a private address, which is not allowed')
})

describe('a request', () => {
  const serve = async (): Promise<{ port: number; asked: () => number }> => {
    let asked = 0
    const server = createServer((_, response) => {
      asked += 1
      response.end('{}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return { port: (server.address() as AddressInfo).port, asked: () => asked }
  }
  const send = (url: string, privateAddresses: boolean) =>
    getFrom(new URL(url), { privateAddresses, headers: {}, signal: AbortSignal.timeout(5_000) })

  // 2130706433 and 0x7f.1 are other spellings of 127.0.0.1.
  test.each(['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]'])(
    'to %s is not sent, and is sent where it is allowed',
    async (host) => {
      const { port, asked } = await serve()
      const url = `http://${host}:${port}/`
      await expect(send(url, false)).rejects.toThrow('private address')
      expect(asked()).toBe(0)
      const response = await send(url, true)
      response.destroy()
      expect(response.statusCode).toBe(200)
    },
  )
})
