/**
 * What may be gone.
 *
 * @module
 */

import { RegistryError } from '../registry/errors.ts'

/** What work gives; undefined for what is not there, or not whole. A store that fails is another thing. */
export const unlessAbsent = async <T>(work: Promise<T>): Promise<T | undefined> => {
  try {
    return await work
  } catch (error) {
    if (error instanceof RegistryError) return undefined
    throw error
  }
}
