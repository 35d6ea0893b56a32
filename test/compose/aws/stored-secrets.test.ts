/**
 * Secrets in AWS Secrets Manager: read by their ARNs, seldom.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { storedSecrets } from '../../../functions/compose/aws/stored-secrets.ts'
import { useFakeService } from './fake-service.ts'

const ARN = 'arn:aws:secretsmanager:eu-west-3:123456789012:secret:hooks-AbCdEf'

const { received, answers } = useFakeService('AWS_ENDPOINT_URL_SECRETS_MANAGER')

const denied = [400, { __type: 'AccessDeniedException', message: 'no' }] as const

test('is read in its Region, and again a minute later', async () => {
  let now = 0
  const read = storedSecrets(() => now)
  answers.push([200, { SecretString: 'one' }], [200, { SecretString: 'two' }])
  expect(await read(ARN)).toBe('one')
  now = 59_000
  expect(await read(ARN)).toBe('one')
  expect(received).toEqual([
    {
      target: 'secretsmanager.GetSecretValue',
      scope: 'eu-west-3/secretsmanager',
      body: { SecretId: ARN },
    },
  ])
  now = 61_000
  expect(await read(ARN)).toBe('two')
})

test('serves for an hour while AWS refuses, and without one it is an error', async () => {
  let now = 0
  const read = storedSecrets(() => now)
  answers.push(denied, [200, { SecretString: 'one' }], denied, denied)
  await expect(read(ARN)).rejects.toThrow('no')
  expect(await read(ARN)).toBe('one')
  now = 30 * 60_000
  expect(await read(ARN)).toBe('one')
  now = 61 * 60_000
  await expect(read(ARN)).rejects.toThrow('no')
})

test('bytes are none', async () => {
  answers.push([200, { SecretBinary: 'AQI=' }])
  expect(await storedSecrets()(ARN)).toBe('')
})
