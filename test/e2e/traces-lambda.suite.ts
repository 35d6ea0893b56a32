/**
 * Traces of the Lambda handler, as a collector gets them that is as strict as the published schema.
 *
 * @module
 */

import type { Context } from 'aws-lambda'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openLog } from '../../functions/compose/open-log.ts'
import { createHandler } from '../../functions/handlers/api.ts'
import type { S3Server } from '../emulators/s3/server.ts'
import { blobPost, get, manifestPut } from '../handlers/events.ts'
import { CONFIG, imageOf } from '../support/hosts/content.ts'
import { startBucket } from '../support/hosts/start.ts'
import { type Collector, startCollector } from './support/otlp-collector.ts'

const IMAGE = imageOf()
const CONTEXT = {} as Context
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = 'b7ad6b7169203331'

let s3: S3Server
let collector: Collector
beforeAll(async () => {
  collector = await startCollector()
  const bucket = await startBucket()
  s3 = bucket.server
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', collector.url)
  const lambda = { AWS_LAMBDA_FUNCTION_NAME: 'registry', AWS_REGION: 'eu-west-1' }
  const env = { ...bucket.env, ...lambda, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }
  const handler = createHandler(env, openLog)
  await handler(blobPost(CONFIG.sha256, CONFIG.bytes), CONTEXT)
  await handler(manifestPut(IMAGE.sha256, IMAGE.bytes), CONTEXT)
  const headers = { traceparent: `00-${TRACE}-${PARENT}-01` }
  await handler(get('/v2/library/app/manifests/v1', headers), CONTEXT)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await collector.close()
  await s3.close()
})

test('what the schema knows, and nothing else', () => {
  expect(collector.spans.length).toBeGreaterThan(10)
  expect(collector.faults).toEqual([])
})

test('a tree for each request, of a function that says which it is', () => {
  const requests = collector.spans.filter(({ kind }) => kind === 'SERVER')
  expect(
    requests.map(({ name, attributes }) => [name, attributes['http.response.status_code']]),
  ).toEqual([
    ['POST /v2/{name}/blobs/uploads/', '201'],
    ['PUT /v2/{name}/manifests/{reference}', '201'],
    ['GET /v2/{name}/manifests/{reference}', '200'],
  ])
  for (const { traceId, spanId, resource } of requests) {
    const below = collector.spans.filter(
      (each) => each.traceId === traceId && each.spanId !== spanId,
    )
    expect(below.some(({ name }) => name === 'authorize')).toBe(true)
    expect(below.some(({ attributes }) => attributes['slipway.store.driver'] === 's3')).toBe(true)
    expect(resource).toMatchObject({
      'service.name': 'slipway',
      'cloud.region': 'eu-west-1',
      'faas.name': 'registry',
    })
  }
  expect(requests.at(-1)).toMatchObject({ traceId: TRACE, parentSpanId: PARENT })
})
