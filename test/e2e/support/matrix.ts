/**
 * The table that every client's suite runs through: each set-up, with an image that keeps the whole
 * run short where the set-up adds nothing.
 *
 * @module
 */

import { afterAll, beforeAll, describe } from 'vitest'
import { scratch } from '../../support/live/process.ts'
import { type Setup, type SetupName, setupNames, startSetup } from '../../support/live/setups.ts'
import { type ImageName, type SourceImage, sourceImage } from './image.ts'

/** What the tests of one set-up have; usable inside tests only. */
export interface Scene {
  readonly setup: Setup
  readonly image: SourceImage
  /** An empty directory of this set-up's tests. */
  readonly directory: string
  /** Runs when the tests of the set-up are over, the last one given first. */
  onClose(close: () => Promise<void>): void
}

/** Which image goes through which set-up. */
export type Sizes = Readonly<Record<SetupName, ImageName>>

/** The full image where bytes take different ways, the small one where they do not. */
export const usualSizes: Sizes = { file: 'full', 's3-redirect': 'full', 's3-direct': 'small' }

/** Declares `tests` once for each set-up; `scene()` gives the running set-up. */
export const eachSetup = (
  client: string,
  tests: (scene: () => Scene) => void,
  sizes: Sizes = usualSizes,
): void => {
  for (const name of setupNames) {
    describe(`${client}, ${name}, ${sizes[name]} image`, () => {
      let scene: Scene | undefined
      const files = scratch(`e2e-${client}`)
      // One hook for all: hooks run first to last, which would take the directory from a daemon.
      const closers: (() => Promise<void>)[] = []
      beforeAll(async () => {
        const image = await sourceImage(sizes[name])
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
