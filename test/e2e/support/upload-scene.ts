/**
 * The registry as on AWS with another host for uploads, and the tests of clients that follow a Location
 * there.
 *
 * @module
 */

import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { scratch } from '../../support/live/process.ts'
import type { Client, OpenClient } from './client.ts'
import { type ImageName, sourceImage } from './image.ts'
import { startWithUploadHost, type UploadHost, type WithUploadHost } from './upload-host.ts'

/** How a client sends a layer, and what credentials it sends along to another host. */
export interface Follows {
  readonly host: UploadHost
  readonly open: OpenClient | undefined
  /** Megabytes of the layers that it pushes. Default: 4, 9 and 50. */
  readonly layers?: readonly number[]
  readonly method: 'PATCH' | 'PUT'
  /** Whether the request has a Content-Length. */
  readonly length: boolean
  readonly authorization: 'Bearer' | undefined
  /**
   * Bytes of a request, for one that sends chunks, and resolves the relative Location in the response to each
   * against the registry's name: every other one goes back there.
   */
  readonly chunk?: number
}

export const UPLOAD = /\/blobs\/uploads\//
export const MB = 1_000_000

/** Each has an account of its own: podman's library would mount what another client has pushed. */
const ownName = (client: string): string => client.toLowerCase().replace(' ', '-')

export interface UploadScene {
  host(): WithUploadHost
  /** An empty directory. */
  directory(name: string): string
  using(
    open: OpenClient | undefined,
    size: ImageName,
    body: (client: Client) => Promise<void>,
    address?: string,
  ): Promise<void>
}

/** A registry with this host for uploads, for the suite that calls it. @param names of clients */
export const uploadScene = (kind: UploadHost, names: readonly string[]): UploadScene => {
  const files = scratch('up')
  let host: WithUploadHost
  beforeAll(async () => {
    host = await startWithUploadHost(kind, [...names.map(ownName), 'other'])
  }, 900_000)
  afterAll(async () => {
    await host?.close()
    files.remove()
  })
  const directory = (name: string) => mkdtempSync(join(files.path, name))
  return {
    host: () => host,
    directory,
    async using(open, size, body, address = host.gateway.address) {
      const image = await sourceImage(size)
      const client = await open!({ address, directory: directory('c'), image })
      try {
        await body(client)
      } finally {
        await client.close?.()
      }
    },
  }
}

/** Declares the tests of the clients that follow, for those that meet this host. */
export const followTests = (
  kind: UploadHost,
  { host: at, using }: UploadScene,
  clients: Readonly<Record<string, Follows>>,
): void => {
  const met = Object.entries(clients).filter(([, { host }]) => host === kind)
  for (const [name, { open, layers = [4, 9, 50], method, length, authorization, chunk }] of met) {
    test(`${name} pushes layers of ${layers.join(', ')} MB, and pulls them`, () =>
      using(open, 'heavy', async (client) => {
        const host = at()
        const account = host.as(ownName(name))
        const session = client.as(account)
        await session.logIn?.()
        const before = [host.gateway.passed.length, host.uploads.exchanges.length] as const
        const target = `${host.gateway.address}/${account.name}/app:v1`
        const pushed = await session.push(target)
        const passed = host.gateway.passed.slice(before[0])
        const sent = host.uploads.exchanges.slice(before[1])

        expect(passed.filter(({ status }) => status === 413)).toEqual([])
        const back = passed.filter((each) => UPLOAD.test(each.target) && each.method !== 'POST')
        const sizes = sent.map((each) => each.requestBytes / MB).sort((one, two) => two - one)
        if (chunk === undefined) {
          expect(back).toEqual([])
          const expected = layers.toReversed()
          const found = sizes.filter((size) => size > 3)
          expect(found.map((size, at) => Math.min(size, expected[at] ?? size))).toEqual(expected)
        } else {
          expect(sizes[0]).toBe(chunk / MB)
          expect(back.filter(({ status }) => status >= 300)).toEqual([])
        }
        const large = sent.filter(({ requestBytes }) => requestBytes >= 3 * MB)
        expect([...new Set(large.map((each) => each.method))]).toEqual([method])
        expect([...new Set(large.map(({ declared }) => declared !== undefined))]).toEqual([length])
        // The state alone let every one of them go on.
        expect(sent.filter(({ url, status }) => !UPLOAD.test(url) || status >= 300)).toEqual([])
        expect([...new Set(sent.map((each) => each.authorization))]).toEqual([authorization])

        expect(await session.pull(target)).toBe(pushed)
      }))
  }
}
