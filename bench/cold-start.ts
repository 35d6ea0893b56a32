/**
 * Prints how long a cold start takes, by the runtime's own interface: from the start of the process
 * to the first answer, which is a challenge and needs two reads of the store.
 *
 * Usage: node bench/cold-start.ts [--runs 20] [--traces]
 *
 * With `--traces` its requests are followed, and the spans sent to a collector on this machine before the answer.
 *
 * @module
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { bundleApi } from '../packaging/bundle.ts'
import { startS3 } from '../test/emulators/s3/server.ts'
import { get } from '../test/handlers/events.ts'
import { scratch } from '../test/support/live/process.ts'
import { type ColdStart, startCold } from './runtime-api.ts'
import { summarize } from './statistics.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    traces: { type: 'boolean', default: false },
  },
})
const collector = createServer((incoming, outgoing) => {
  incoming.resume().once('end', () => outgoing.end())
})
await once(collector.listen(0, '127.0.0.1'), 'listening')
const { port } = collector.address() as AddressInfo
const directory = scratch('cold-start')
const s3 = await startS3()
try {
  const { outputs, withTraces } = bundleApi(directory.path)
  const bytes = Object.values(values.traces ? withTraces : outputs).reduce(
    (sum, each) => sum + each.bytes,
    0,
  )
  const env = {
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    SLIPWAY_STORE: `s3://${s3.bucket}/registry`,
    SLIPWAY_S3_ENDPOINT: s3.endpoint,
    SLIPWAY_S3_REGION: s3.region,
    ...(values.traces && { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` }),
  }
  const handler = values.traces ? 'api-traced.handler' : 'api.handler'
  const starts: ColdStart[] = []
  for (let run = 0; run < Number(values.runs); run++) {
    const start = await startCold(directory.path, env, get('/v2/'), handler)
    if (start.result.statusCode !== 401) throw new Error(`answered ${start.result.statusCode}`)
    starts.push(start)
  }
  console.log(`bundle: ${bytes} bytes`)
  for (const [name, of] of [
    ['loaded', (start: ColdStart) => start.loaded],
    ['first answer', (start: ColdStart) => start.answered],
  ] as const) {
    const { median, p10, p90 } = summarize(starts.map(of))
    console.log(`${name}: ${median.toFixed(0)} ms (p10 ${p10.toFixed(0)}, p90 ${p90.toFixed(0)})`)
  }
} finally {
  collector.close()
  await s3.close()
  directory.remove()
}
