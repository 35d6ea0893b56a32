/**
 * The parts of the stack that LocalStack 4.14.0 without docker can make, by its CloudFormation.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { awsQuery } from '../../aws/support/aws.ts'
import type { Emulator } from '../../aws/support/emulator.ts'
import { elementOf } from '../../aws/support/resources.ts'
import type { Resource, TemplateJson } from '../../lib/synth.ts'

/** Types that it makes as CloudFormation does. */
export const MADE: readonly string[] = [
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  'AWS::KMS::Key',
  'AWS::Logs::LogGroup',
  'AWS::S3::Bucket',
  'AWS::S3::BucketPolicy',
]

type Resources = TemplateJson['Resources']

/** The names of the resources that a part of a template refers to. */
const named = (part: unknown): string[] => {
  if (Array.isArray(part)) return part.flatMap(named)
  if (typeof part !== 'object' || part === null) return []
  return Object.entries(part).flatMap(([key, value]) => {
    if (key === 'Ref') return value.startsWith('AWS::') ? [] : [value]
    if (key === 'Fn::GetAtt') return [value[0]]
    return key === 'DependsOn' ? [value].flat() : named(value)
  })
}

/** The resources of some types, but those that need one of another type. */
export const partOf = ({ Resources }: TemplateJson, types: readonly string[]): Resources => {
  let kept = Object.entries(Resources).filter(([, { Type }]) => types.includes(Type))
  for (let before = -1; before !== kept.length; ) {
    before = kept.length
    const names = kept.map(([name]) => name)
    kept = kept.filter(([, each]) => named(each).every((name) => names.includes(name)))
  }
  return Object.fromEntries(kept)
}

const cloudFormation = (emulator: Emulator, parameters: Readonly<Record<string, string>>) =>
  awsQuery(emulator, 'cloudformation', '2010-05-15', parameters)

/**
 * Makes a stack of resources.
 *
 * @returns its status, and what the events of its resources say
 */
export const makeStack = async (
  emulator: Emulator,
  StackName: string,
  resources: Readonly<Record<string, Resource>>,
): Promise<{ readonly status: string; readonly events: string }> => {
  await cloudFormation(emulator, {
    Action: 'CreateStack',
    StackName,
    TemplateBody: JSON.stringify({ Resources: resources }),
    'Capabilities.member.1': 'CAPABILITY_IAM',
  })
  const deadline = Date.now() + 60_000
  for (;;) {
    const stacks = await cloudFormation(emulator, { Action: 'DescribeStacks', StackName })
    const status = elementOf(stacks, 'StackStatus')
    assert.ok(Date.now() < deadline, `${StackName} is still ${status}`)
    if (!status.endsWith('_IN_PROGRESS')) {
      const events = await cloudFormation(emulator, { Action: 'DescribeStackEvents', StackName })
      return { status, events }
    }
    await sleep(200)
  }
}
