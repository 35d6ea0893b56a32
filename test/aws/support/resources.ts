/**
 * Reads the resources of a stack from CloudFormation.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { awsQuery } from './aws.ts'
import type { Emulator } from './emulator.ts'

/** One resource of a stack. */
export interface Resource {
  readonly type: string
  /** Its name in the template. */
  readonly logicalId: string
  /** Its name in its own service. */
  readonly physicalId: string
}

/** The text of the first element with that name; empty if there is none. */
export const elementOf = (xml: string, name: string): string =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? ''

/** All resources of a stack. */
export const stackResources = async (
  emulator: Emulator,
  stackName: string,
): Promise<Resource[]> => {
  const xml = await awsQuery(emulator, 'cloudformation', '2010-05-15', {
    Action: 'DescribeStackResources',
    StackName: stackName,
  })
  return [...xml.matchAll(/<member>.*?<\/member>/gs)].map(([member]) => ({
    type: elementOf(member, 'ResourceType'),
    logicalId: elementOf(member, 'LogicalResourceId'),
    physicalId: elementOf(member, 'PhysicalResourceId'),
  }))
}

/** The physical ids of a stack's resources of one type, at least one. */
export const idsOf = (resources: readonly Resource[], type: string): string[] => {
  const ids = resources.filter((each) => each.type === type).map(({ physicalId }) => physicalId)
  assert.ok(ids.length > 0, `the stack has no ${type}`)
  return ids
}
