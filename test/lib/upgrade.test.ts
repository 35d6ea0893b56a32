/**
 * A deployment over one of version 1.0.0 keeps what that made: nothing with a state or a name that clients
 * know is replaced. `template-1.0.0.json` has its resources, with the properties whose change makes
 * CloudFormation replace them.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'vitest'
import { type Resource, synth } from './synth.ts'

type Recorded = Readonly<Record<string, Pick<Resource, 'Type' | 'Properties'>>>

const recorded: Recorded = JSON.parse(
  readFileSync(new URL('./template-1.0.0.json', import.meta.url), 'utf8'),
)

/** Properties whose change replaces a resource, by the reference of its type. */
const REPLACING: Readonly<Record<string, readonly string[]>> = {
  'AWS::ApiGatewayV2::Api': ['ProtocolType', 'RouteKey', 'Target'],
  'AWS::ApiGatewayV2::Integration': ['ApiId'],
  'AWS::ApiGatewayV2::Route': ['ApiId'],
  'AWS::ApiGatewayV2::Stage': ['ApiId', 'StageName'],
  'AWS::IAM::Role': ['Path', 'RoleName'],
  'AWS::KMS::Key': ['KeySpec', 'KeyUsage', 'MultiRegion', 'Origin'],
  'AWS::Lambda::Function': ['FunctionName'],
  'AWS::Logs::LogGroup': ['LogGroupName'],
  'AWS::S3::Bucket': ['BucketName'],
}

/** The part of a resource that must not change. */
const fixed = ({ Type, Properties }: Pick<Resource, 'Type' | 'Properties'>) => ({
  Type,
  Properties: Object.fromEntries(
    (REPLACING[Type] ?? []).flatMap((name) =>
      Properties[name] === undefined ? [] : [[name, Properties[name]]],
    ),
  ),
})

describe('over a stack of version 1.0.0', () => {
  const { Resources } = synth()
  for (const [id, resource] of Object.entries(recorded)) {
    test(`${id} stays`, () => {
      assert.ok(resource.Type in REPLACING)
      assert.ok(Resources[id], `${id} is gone`)
      assert.deepEqual(fixed(Resources[id]), resource)
    })
  }

  test('keys of several Regions are new ones, and the old ones that still verify stay as they are', () => {
    const { Resources: moved } = synth({ signingKeys: '1,1-multi', uploadKey: '1-multi' })
    const keys = Object.entries(moved).filter(([, { Type }]) => Type === 'AWS::KMS::Key')
    const [old, ...more] = Object.keys(recorded).filter((id) =>
      id.startsWith('RegistryKeysSigning'),
    )
    assert.equal(more.length, 0)
    assert.deepEqual(
      keys.map(([id, { Properties }]) => [id === old, Properties.MultiRegion]),
      [
        [true, undefined],
        [false, true],
        [false, true],
      ],
    )
    assert.ok(keys.every(([id]) => id === old || !(id in recorded)))
  })

  test('both keys are among them', () => {
    const keys = Object.values(recorded).filter(({ Type }) => Type === 'AWS::KMS::Key')
    assert.equal(keys.length, 2)
  })
})
