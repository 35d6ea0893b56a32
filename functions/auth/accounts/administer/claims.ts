/**
 * What robots are bound to, as an administrator changes it.
 *
 * @module
 */

import { ROBOT_CLAIMS_KEY, ROBOTS_KEY } from '../../../registry/layout.ts'
import type { ObjectStore } from '../../../storage/store.ts'
import { type DocumentSource, type Edit, readDocument } from '../../document.ts'
import { formatBindings, parseBindings, type WrittenBindings } from '../bindings.ts'
import { parseRobots } from '../robots.ts'
import { absent } from './errors.ts'

/** The claims that robots are bound to. @throws DocumentError, StoreError */
export const readBindings = async (store: DocumentSource): Promise<WrittenBindings> =>
  parseBindings(await readDocument(store, ROBOT_CLAIMS_KEY))

/** Binds a robot to nothing more, so that a new one of the same name is not bound. @returns whether it was */
export const unbind = (
  edit: Edit,
  name: string,
  expect: (claims: readonly string[] | undefined) => void = () => {},
): Promise<boolean> =>
  edit(ROBOT_CLAIMS_KEY, (text) => {
    const bindings = new Map(parseBindings(text))
    expect(bindings.get(name))
    return bindings.delete(name) ? formatBindings(bindings) : undefined
  })

/** @throws AccountError ABSENT for a robot that is not there */
export const mustExist = async (store: ObjectStore, name: string): Promise<void> => {
  if (!parseRobots(await readDocument(store, ROBOTS_KEY)).has(name)) throw absent('robot', name)
}

/**
 * Has a robot log in with tokens that have all of these claims, and no others.
 *
 * @param claims that `bindingFault` finds nothing wrong with
 * @param expect looks at what it was bound to; throws where that is not as expected
 * @returns whether anything has changed
 * @throws AccountError ABSENT
 */
export const bind = async (
  store: ObjectStore,
  edit: Edit,
  name: string,
  claims: readonly string[],
  expect: (claims: readonly string[] | undefined) => void = () => {},
): Promise<boolean> => {
  await mustExist(store, name)
  const changed = await edit(ROBOT_CLAIMS_KEY, (text) => {
    const bindings = new Map(parseBindings(text))
    expect(bindings.get(name))
    return formatBindings(bindings.set(name, claims))
  })
  // Removed meanwhile: one that is added later must not be bound.
  await mustExist(store, name).catch(async (error: unknown) => {
    await unbind(edit, name)
    throw error
  })
  return changed
}
