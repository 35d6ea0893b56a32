/**
 * What a server does for commands on its directory.
 *
 * @module
 */

import { type CleanUpOptions, cleanUp } from '../../compose/clean-up.ts'
import { release } from '../../registry/clean-up/release.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { TakeOptions } from './take.ts'

const GC_IS_OFF =
  'the server that uses this directory runs with --gc off: start it with --gc on for a clean-up'
const GC_IS_ON =
  'the server that uses this directory runs with --gc on, and would condemn it again: start it with --gc off first'

/** @param gc whether the server itself cleans up */
export const handedOver =
  (store: ObjectStore, gc: boolean, options: CleanUpOptions): TakeOptions['work'] =>
  async ({ what, force }, { say, isOver }) => {
    const { logger, times } = options
    logger.info({ what, force }, 'slipway gc asks for a clean-up')
    if (what === 'run') {
      if (!gc) return { refused: GC_IS_OFF }
      say({ begin: times })
      const result = await cleanUp(store, options, isOver, {
        force,
        report: (thing) => say({ thing }),
        note: (repository, text) => say({ note: [repository, text] }),
        progress: (progress) => say({ progress }),
      })
      return { result }
    }
    if (gc) return { refused: GC_IS_ON }
    const result = await release(store, {
      alone: true,
      progress: ({ links, markers }) =>
        say({ progress: `Releasing: ${links} links, ${markers} markers` }),
      isOver,
      monotonic: () => performance.now(),
    })
    logger.info({ result }, 'what was condemned is released')
    return { result }
  }
