/**
 * The emulation of CloudFront calls functions when the one it stands for does, and lets them do as much.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { MAX_FUNCTION } from './functions.ts'
import type { OriginResponse } from './lambda-edge.ts'
import { type Answers, start } from './rig.ts'

const functionAt = (event: string, code: string) => ({
  behaviour: {
    FunctionAssociations: [{ EventType: event, FunctionARN: { 'Fn::GetAtt': ['Code', 'ARN'] } }],
  },
  resources: { Code: { Type: 'AWS::CloudFront::Function', Properties: { FunctionCode: code } } },
})

describe('functions', () => {
  const ADDS = `function handler(event) {
    event.response.headers['x-seen'] = { value: event.request.uri }
    return event.response
  }`
  const answers =
    (status: number, headers = {}): Answers =>
    () => [status, headers, '']

  test.each([
    [200, '/a'],
    [307, '/a'],
    [399, '/a'],
    [400, null],
    [404, null],
    [500, null],
  ])('viewer-response at %s', async (status, seen) => {
    const { send } = await start({
      ...functionAt('viewer-response', ADDS),
      answers: answers(status),
    })
    expect((await send('GET /a?b=c')).headers.get('x-seen')).toBe(seen)
  })

  test('viewer-request changes headers, not the method', async () => {
    const drop = `function handler({ request }) { delete request.headers.authorization; return request }`
    const { told } = await start(functionAt('viewer-request', drop))
    const { headers } = await told('GET /', { Authorization: 'x' })
    expect(headers).not.toHaveProperty('authorization')
    const turn = `function handler({ request }) { request.method = 'PUT'; return request }`
    const wrong = await start(functionAt('viewer-request', turn))
    expect((await wrong.send('POST /', {}, Buffer.from('x'))).status).toBe(502)
  })

  test('viewer-request reads the key-value store that is associated with it', async () => {
    const code = `import cf from 'cloudfront'
    const values = cf.kvs()
    async function handler({ request }) {
      for (const key of ['a', 'b']) {
        try {
          request.headers[key] = { value: await values.get(key) }
        } catch (_) {
          request.headers[key] = { value: 'none' }
        }
      }
      return request
    }`
    const wishes = functionAt('viewer-request', code)
    const { Code } = wishes.resources
    const FunctionConfig = {
      KeyValueStoreAssociations: [{ KeyValueStoreARN: { 'Fn::GetAtt': ['List', 'Arn'] } }],
    }
    const associated = { ...Code, Properties: { ...Code.Properties, FunctionConfig } }
    const keyValues = { List: new Map([['a', '1']]) }
    const { told } = await start({ ...wishes, resources: { Code: associated }, keyValues })
    expect((await told('GET /')).headers).toMatchObject({ a: '1', b: 'none' })
    const without = await start({ ...wishes, keyValues })
    expect((await without.send('GET /')).status).toBe(502)
  })

  const WRONG: readonly (readonly [string, string, string])[] = [
    ['throws', 'viewer-response', `function handler() { throw new Error('no') }`],
    ['uses Node', 'viewer-response', `function handler(e) { process.exit(); return e.response }`],
    ['is too large', 'viewer-response', `${ADDS}//${'x'.repeat(MAX_FUNCTION)}`],
    [
      'sets a length',
      'viewer-response',
      `function handler({ response }) { response.headers['content-length'] = { value: '1' }; return response }`,
    ],
    [
      'sets a Host',
      'viewer-request',
      `function handler({ request }) { request.headers.host = { value: 'a' }; return request }`,
    ],
    [
      'writes a header in upper case',
      'viewer-response',
      `function handler({ response }) { response.headers['X-A'] = { value: '1' }; return response }`,
    ],
  ]
  test.each(WRONG)('one that %s makes the request fail', async (_, event, code) => {
    const { send } = await start(functionAt(event, code))
    expect((await send('GET /')).status).toBe(502)
  })

  test.each([200, 401, 413, 502])('origin-response is called at %s', async (status) => {
    const originResponse: OriginResponse = async (event) => {
      const { response } = (event as never as { Records: [{ cf: { response: object } }] })
        .Records[0].cf
      return { ...response, status: '418', body: 'ours', bodyEncoding: 'text' }
    }
    const behaviour = { LambdaFunctionAssociations: [{ EventType: 'origin-response' }] }
    const { send } = await start({ behaviour, originResponse, answers: () => [status, {}, 'no'] })
    const answer = await send('GET /')
    expect([answer.status, answer.body.toString()]).toEqual([418, 'ours'])
    expect(answer.headers.get('content-length')).toBe('4')
  })
})
