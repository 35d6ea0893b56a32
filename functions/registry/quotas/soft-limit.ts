/**
 * A soft limit that is passed: an event, recorded before it is, and whoever else wants to know.
 *
 * @module
 */

import type { Recorder } from '../happened.ts'
import type { Quota, SoftLimit } from './quotas.ts'

/**
 * @param events where it is recorded. Default: nowhere
 * @param told is told when it was passed, with the bytes then
 */
export const tellingSoftLimit =
  (
    events: Recorder | undefined,
    told: ((quota: Quota, bytes: number) => void) | undefined,
  ): SoftLimit =>
  async (quota, bytes, repository) => {
    const { title, soft = 0, hard } = quota
    const recording = events?.begin(repository)
    const facts = {
      repositories: title,
      used: bytes,
      soft,
      ...(hard === undefined ? {} : { hard }),
    }
    await recording?.write({ action: 'quota', facts })
    return {
      withdraw: async () => recording?.withdraw(),
      done() {
        recording?.done()
        told?.(quota, bytes)
      },
    }
  }
