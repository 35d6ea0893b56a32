/**
 * Signatures, and where their secrets come from.
 *
 * @module
 */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { webhookHeaders } from '../../functions/events/signature.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { secretsOf } from './receiver.ts'

// The example of the specification.
const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek'
const AT = 1_614_265_330_000
const BODY = '{"test": 2432232314}'
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const SIGNATURE = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='

describe('signatures', () => {
  test.each<[string, readonly string[], RegExp | undefined]>([
    ['none without a secret', [], undefined],
    ["the specification's example", [SECRET], new RegExp(`^${SIGNATURE.replace(/\+/, '\\+')}$`)],
    ['one for each secret', [SECRET, 'plain text'], /^v1,g0hM\S+ v1,[\w+/]{43}=$/],
  ])('%s', (_, secrets, expected) => {
    const { 'webhook-signature': signature, ...others } = webhookHeaders(
      ID,
      BODY,
      AT + 999,
      secrets,
    )
    expect(others).toEqual({ 'webhook-id': ID, 'webhook-timestamp': '1614265330' })
    if (expected === undefined) expect(signature).toBeUndefined()
    else expect(signature).toMatch(expected)
  })

  test('are never made with an empty key', () => {
    expect(() => webhookHeaders(ID, BODY, AT, ['whsec_'])).toThrow('a secret is empty')
  })
})

describe('secrets', () => {
  test('are read from variables, and from files each time', async (t) => {
    const { path, remove } = await temporaryDirectory()
    t.onTestFinished(remove)
    const file = join(path, 'secret')
    const read = secretsOf({
      ONE: 'one',
      EMPTY: '',
      FILE: `file:${file}`,
      GONE: `file:${file}x`,
    })
    expect(await read('env:ONE')).toBe('one')
    for (const text of ['two\n', 'three\r\n', 'four']) {
      await writeFile(file, text)
      expect(await read('env:FILE')).toBe(text.trim())
    }
    await writeFile(file, '\n')
    for (const wrong of ['env:TWO', 'env:EMPTY', 'env:FILE']) {
      await expect(read(wrong)).rejects.toThrow(`the secret ${wrong} is not set, or empty`)
    }
    await expect(read('env:GONE')).rejects.toThrow('ENOENT')
  })

  test('are read from AWS where a variable has an ARN', async () => {
    const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:hooks'
    const variables = { ONE: `${arn}-AbCdEf`, GONE: `${arn}-Ghijkl`, OTHER: 'arn:aws:s3:::bucket' }
    const read = secretsOf(variables, { [variables.ONE]: 'whsec_MQ==\n' })
    expect(await read('env:ONE')).toBe('whsec_MQ==')
    expect(await read('env:OTHER')).toBe(variables.OTHER)
    await expect(read('env:GONE')).rejects.toThrow('the secret env:GONE is not set, or empty')
  })
})
