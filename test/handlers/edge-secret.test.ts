/**
 * The function that tells CloudFormation what the edge shows: the same as its origins expect.
 *
 * @module
 */

import type { CloudFormationCustomResourceEvent } from 'aws-lambda'
import { describe, expect, onTestFinished, test } from 'vitest'
import { edgeSecret } from '../../functions/compose/edge.ts'
import { publicEdgeKey } from '../../functions/compose/edge-key.ts'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { uploadSecret } from '../../functions/compose/open-store.ts'
import { createHandler } from '../../functions/handlers/edge-secret.ts'
import { UPLOAD_SECRET_KEY } from '../../functions/registry/layout.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'

const EVENT = {
  StackId: 'stack',
  RequestId: 'request',
  LogicalResourceId: 'Value',
  ResponseURL: 'https://cloudformation.example/report',
}

const ask = async (RequestType: string, names = '1') => {
  const { path, remove } = await temporaryDirectory()
  onTestFinished(remove)
  const store = openFileStore(path)
  const root = await uploadSecret(store)
  const reports: Record<string, unknown>[] = []
  const env = { SLIPWAY_STORE: `file:${path}`, SLIPWAY_EDGE_SECRETS: names }
  const handler = createHandler(env, async (url, report) => {
    expect(url).toBe(EVENT.ResponseURL)
    reports.push(report as Record<string, unknown>)
  })
  const run = () => handler({ ...EVENT, RequestType } as CloudFormationCustomResourceEvent)
  return { root, store, reports, run }
}

const ABOUT = {
  StackId: 'stack',
  RequestId: 'request',
  LogicalResourceId: 'Value',
  PhysicalResourceId: 'edge-secret',
}

describe('the secret of the edge', () => {
  test.each([
    ['Create', '1', '1'],
    ['Update', '2,1', '2'],
  ])('%s with %s gives that of %s, and shows it nowhere', async (type, names, name) => {
    const { root, reports, run } = await ask(type, names)
    await run()
    const keys = names.split(',').map((each) => [`PublicKey${each}`, publicEdgeKey(root, each)])
    const Data = { Value: edgeSecret(root, name), ...Object.fromEntries(keys) }
    expect(reports).toEqual([{ ...ABOUT, Status: 'SUCCESS', NoEcho: true, Data }])
  })

  test('Delete asks nothing of the store', async () => {
    const { store, reports, run } = await ask('Delete')
    await store.put(UPLOAD_SECRET_KEY, new Uint8Array(3))
    await run()
    expect(reports).toMatchObject([{ Status: 'SUCCESS', Data: {} }])
  })

  test('a failure is told, so that the deploy does not wait for an hour', async () => {
    const { store, reports, run } = await ask('Create')
    await store.put(UPLOAD_SECRET_KEY, new Uint8Array(3))
    await run()
    expect(reports).toEqual([
      { ...ABOUT, Status: 'FAILED', Reason: expect.stringContaining('a secret has 32') },
    ])
  })
})
