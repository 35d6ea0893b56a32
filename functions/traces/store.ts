/**
 * Spans for calls of the store that requests make. Those that keep house have none: nobody waits for them.
 *
 * @module
 */

import { type Span, SpanKind } from '@opentelemetry/api'
import { aroundCalls } from '../storage/around.ts'
import { outcomeOf, StoreError } from '../storage/errors.ts'
import type { MultipartUpload, ObjectStore } from '../storage/store.ts'
import { keyKind } from './key-kind.ts'
import { fail, type Spans } from './spans.ts'

/** The key that a call is about: its first argument, one of those in it, or an upload's. */
const keyOf = (args: readonly unknown[]): string => {
  const [about] = args.flat(1) as readonly (string | Pick<MultipartUpload, 'key'> | undefined)[]
  return typeof about === 'object' ? about.key : (about ?? '')
}

/** What is refused for a reason is an answer: a condition that did not hold, an object that is gone. */
const noteEnd = (span: Span, error: unknown): void => {
  if (error === undefined) return
  const outcome = outcomeOf(error)
  if (outcome === 'refused' && error instanceof StoreError) {
    span.setAttribute('slipway.refused', error.failure)
  } else fail(span, outcome)
}

/** The same store. */
export const followStore = (store: ObjectStore, kind: 's3' | 'file', spans: Spans): ObjectStore =>
  aroundCalls(store, (operation, args, call) => {
    if (!spans.within()) return call()
    const attributes = { 'slipway.store.driver': kind, 'slipway.store.key': keyKind(keyOf(args)) }
    return spans.around(
      { name: `store.${operation}`, kind: SpanKind.CLIENT, attributes },
      call,
      (span, _, error) => noteEnd(span, error),
    )
  })
