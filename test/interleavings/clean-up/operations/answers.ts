/**
 * What operations have in common: which answers they take, and what those promise.
 *
 * @module
 */
import { RegistryError } from '../../../../functions/registry/errors.ts'
import { StoreError } from '../../../../functions/storage/errors.ts'
import type { Content } from '../../../support/hosts/content.ts'
import type { Answer } from '../../../support/hosts/host.ts'
import { codeOf } from '../../../support/rig/client.ts'
import type { Fact } from '../facts.ts'
import type { Acting, Actor } from '../run.ts'

/** Come again: the data is being deleted, or it took too long. */
const BUSY = 503

/** Whether an answer is one of these. Others, but for {@link BUSY}, must not be. */
export const is = (world: Acting, answer: Answer, what: string, ...statuses: number[]): boolean => {
  if (statuses.includes(answer.status)) return true
  if (answer.status !== BUSY) world.wrong(`${what} is ${answer.status} ${codeOf(answer)}`)
  return false
}

export const blobIn = (name: string, content: Content): Fact => ({ kind: 'blob', name, content })

export const manifestIn = (name: string, content: Content): Fact => ({
  kind: 'manifest',
  name,
  content,
})

/** An actor of one work. */
export const actor = (title: string, run: Actor['run']): Actor => ({ title, run })

/** Work of the command line: a refusal of the registry's, or a store that says to come again, is an answer. */
export const refusable = async (work: () => Promise<void>): Promise<void> => {
  try {
    await work()
  } catch (error) {
    if (error instanceof RegistryError) return
    if (
      error instanceof StoreError &&
      (error.failure === 'late' || error.failure === 'unavailable')
    )
      return
    throw error
  }
}
