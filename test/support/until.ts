/**
 * Waiting for something to happen, however busy the machine is: Vitest's own limit is a second.
 *
 * @module
 */

import { vi } from 'vitest'

/** Milliseconds after which it is not coming: many times what anything takes. */
const PATIENCE = 60_000

const { waitFor, waitUntil } = vi

/** Waits until this gives something true. @returns that */
export const until = <T>(look: () => T | Promise<T>) => waitUntil(look, { timeout: PATIENCE })

/**
 * Waits until this throws nothing.
 *
 * @param timeout milliseconds, where it would also happen without what is tested
 * @returns what it gives
 */
export const eventually = <T>(look: () => T | Promise<T>, timeout = PATIENCE): Promise<T> =>
  waitFor(look, { timeout })
