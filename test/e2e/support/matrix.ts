/**
 * Declares a client's tests for each of its set-ups, with the images that pairs.ts chooses.
 *
 * @module
 */

import { afterAll, beforeAll, describe } from 'vitest'
import { scratch } from '../../support/live/process.ts'
import { type Setup, startSetup } from '../../support/live/setups.ts'
import { type SourceImage, sourceImage } from './image.ts'
import { type SuiteName, setupsOf } from './pairs.ts'

/** What the tests of one set-up use, inside tests only. */
export interface Scene {
  readonly setup: Setup
  readonly image: SourceImage
  /** An empty directory for the tests of this set-up. */
  readonly directory: string
  /** Registers what runs after the tests of the set-up, in reverse order. */
  onClose(close: () => Promise<void>): void
}

/** Declares `tests` once for each of the client's set-ups; `scene()` gives the running set-up. */
export const eachSetup = (client: SuiteName, tests: (scene: () => Scene) => void): void => {
  for (const [name, size] of setupsOf(client)) {
    describe(`${client}, ${name}, ${size} image`, () => {
      let scene: Scene | undefined
      const files = scratch(`e2e-${client}`)
      // One hook for all, so that a directory is removed after the daemon that uses it has ended.
      const closers: (() => Promise<void>)[] = []
      beforeAll(async () => {
        const image = await sourceImage(size)
        const setup = await startSetup(name)
        closers.push(setup.close)
        const onClose: Scene['onClose'] = (close) => closers.push(close)
        scene = { setup, image, directory: files.path, onClose }
      }, 900_000)
      afterAll(async () => {
        for (const close of closers.reverse()) await close()
        files.remove()
      })
      tests(() => {
        if (scene === undefined) throw new Error('the set-up did not start')
        return scene
      })
    })
  }
}
