/**
 * Invokes a function of the deployed stack, as its schedule or a person would.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { awsPost } from './aws.ts'
import type { Emulator } from './emulator.ts'
import { stackResources } from './resources.ts'

/** The physical id of the only resource of a type whose name in the template begins so. */
export const idOf = async (
  emulator: Emulator,
  stackName: string,
  type: string,
  name: string,
): Promise<string> => {
  const found = (await stackResources(emulator, stackName)).filter(
    (each) => each.type === type && each.logicalId.startsWith(name),
  )
  const [one, ...more] = found
  assert.ok(one !== undefined && more.length === 0, `${found.length} of ${type} ${name}`)
  return one.physicalId
}

/** Invokes a function. @returns the message of its error, if it has failed */
export const invoke = async (
  emulator: Emulator,
  functionName: string,
  event: object,
): Promise<string | undefined> => {
  const path = `/2015-03-31/functions/${functionName}/invocations`
  const result = (await awsPost(emulator, 'lambda', path, event)) as {
    readonly errorMessage?: string
  } | null
  return result?.errorMessage
}
