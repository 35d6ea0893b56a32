/**
 * What is to be recorded, as the document of receivers says.
 *
 * @module
 */

import { parseReceivers } from './receivers.ts'
import type { Wanted } from './recorder.ts'

/** For a document that nobody can read yet. */
const ALL_BUT_PULLS: Wanted = { wants: ({ action }) => action !== 'pull', references: true }

/**
 * Reads the document.
 *
 * @param fault is told why it is invalid; then all is wanted but pulls
 * @returns undefined when there is nobody in it
 */
export const readWanted = (text: string, fault: (error: unknown) => void): Wanted | undefined => {
  try {
    const receivers = parseReceivers(text)
    if (receivers.length === 0) return undefined
    return {
      wants: (event) => receivers.some((receiver) => receiver.wants(event)),
      references: receivers.some(({ references }) => references),
    }
  } catch (error) {
    fault(error)
    return ALL_BUT_PULLS
  }
}
