/**
 * Sets up and tears down suites behind the emulated gateway.
 *
 * @module
 */

import { afterAll, beforeAll } from 'vitest'
import type { GatewayHabits } from '../../emulators/gateway/habits.ts'
import { scratch } from '../../support/live/process.ts'
import { type BehindGateway, startBehindGateway } from './behind-gateway.ts'
import type { Client, OpenClient } from './client.ts'
import { type ImageName, type SourceImage, sourceImage } from './image.ts'

/** What the tests of a suite use, inside tests and hooks only. */
export interface GatewayScene extends Pick<BehindGateway, 'alice' | 'gateway'> {
  readonly image: SourceImage
  /** An empty directory. */
  readonly directory: string
}

interface SceneOptions {
  readonly habits: GatewayHabits
  readonly size: ImageName
  /** Runs before the tests. */
  readonly prepare?: (scene: GatewayScene) => Promise<void>
  /** Runs after them, while the registry is still there. */
  readonly finish?: () => Promise<void>
}

/** Starts a registry for the suite that calls it, and stops it afterwards. */
export const behindGateway = (
  name: string,
  { habits, size, prepare, finish }: SceneOptions,
): (() => GatewayScene) => {
  const files = scratch(name)
  let behind: BehindGateway | undefined
  let scene: GatewayScene | undefined
  beforeAll(async () => {
    const image = await sourceImage(size)
    behind = await startBehindGateway(habits)
    const { alice, gateway } = behind
    scene = { alice, gateway, image, directory: files.path }
    await prepare?.(scene)
  }, 900_000)
  afterAll(async () => {
    await finish?.()
    await behind?.close()
    files.remove()
  })
  return () => {
    if (scene === undefined) throw new Error('the registry did not start')
    return scene
  }
}

/** Starts a registry and a client for the suite that calls it, and stops both afterwards. */
export const clientBehindGateway = (
  name: string,
  open: OpenClient,
  { habits, size }: Pick<SceneOptions, 'habits' | 'size'>,
): (() => GatewayScene & { readonly client: Client }) => {
  let client: Client | undefined
  const scene = behindGateway(name, {
    habits,
    size,
    prepare: async ({ gateway, directory, image }) => {
      client = await open({ address: gateway.address, directory, image })
    },
    finish: async () => client?.close?.(),
  })
  return () => {
    if (client === undefined) throw new Error('the client was not opened')
    return { ...scene(), client }
  }
}
