/**
 * What can be asked of the registry that the explorer runs.
 *
 * @module
 */
import type { ObjectStore } from '../../functions/storage/store.ts'
import { blob } from '../support/hosts/content.ts'
import { codeOf, type Send } from '../support/rig/client.ts'

/** The blob that most operations are about. */
export const LAYER = blob('layer', 20)

/** What all instances of a run go by, in milliseconds. */
export interface Clock {
  now: number
}

/** Asks something of an instance over this store. @returns what it was told */
export type Work = (send: Send, store: ObjectStore, clock: Clock) => Promise<string>

/** What a client is told: the status, and the code of an error. Throws where the server failed. */
export const told = async (sent: ReturnType<Send>): Promise<string> => {
  const answer = await sent
  if (answer.status >= 500) throw new Error(`${answer.status} ${answer.body}`)
  return answer.status < 400 ? `${answer.status}` : `${answer.status} ${codeOf(answer)}`
}
