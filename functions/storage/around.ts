/**
 * A store whose calls somebody stands around, to count or follow them.
 *
 * @module
 */

import type { ObjectStore } from './store.ts'

/** Calls that send something; presigning and looking at {@link ObjectStore.lastCalls} do not. */
const CALLS = [
  'get',
  'head',
  'put',
  'copy',
  'delete',
  'deleteIf',
  'deleteVersion',
  'deleteOnce',
  'list',
  'listParts',
  'listMultiparts',
  'uploadPart',
  'createMultipart',
  'completeMultipart',
  'abortMultipart',
] as const satisfies readonly (keyof ObjectStore)[]

/** A call that sends something. */
export type Operation = (typeof CALLS)[number]

/** Does a call, and gives what it gives. */
export type Around = <R>(
  operation: Operation,
  args: readonly unknown[],
  call: () => Promise<R>,
) => Promise<R>

const stand = <A extends readonly unknown[], R>(
  operation: Operation,
  call: (...args: A) => Promise<R>,
  around: Around,
) => {
  return (...args: A): Promise<R> => around(operation, args, () => call(...args))
}

/** The same store, with each call handed to `around`. */
export const aroundCalls = (store: ObjectStore, around: Around): ObjectStore => ({
  ...store,
  ...(Object.fromEntries(
    CALLS.map((operation) => [
      operation,
      stand(
        operation,
        store[operation] as (...args: readonly unknown[]) => Promise<unknown>,
        around,
      ),
    ]),
  ) as Pick<ObjectStore, Operation>),
})
