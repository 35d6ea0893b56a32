/**
 * Values that a view waits for.
 *
 * @module
 */

import { useEffect, useState } from 'preact/hooks'
import { ApiError } from './api.ts'

export type Loading<T> =
  | { readonly state: 'waiting' }
  | { readonly state: 'there'; readonly value: T }
  | { readonly state: 'failed'; readonly error: ApiError }

/** Any failure as one that can be shown. */
export const failureOf = (error: unknown): ApiError =>
  error instanceof ApiError
    ? error
    : new ApiError(-1, error instanceof Error ? error.message : 'The page failed.')

/**
 * Loads a value, and again when one of the inputs changes.
 *
 * @returns what there is, and what tries again
 */
export const useLoad = <T>(
  load: () => Promise<T>,
  inputs: readonly unknown[],
): readonly [Loading<T>, () => void] => {
  const [loading, setLoading] = useState<Loading<T>>({ state: 'waiting' })
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    let wanted = true
    setLoading({ state: 'waiting' })
    load().then(
      (value) => wanted && setLoading({ state: 'there', value }),
      (error: unknown) => wanted && setLoading({ state: 'failed', error: failureOf(error) }),
    )
    return () => {
      wanted = false
    }
  }, [...inputs, attempt])
  return [loading, () => setAttempt(attempt + 1)]
}
