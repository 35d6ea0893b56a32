/**
 * Runs the S3 server by itself:
 * `node test/emulators/s3/main.ts [--port 0] [--bucket test]... [--region us-east-1]`.
 * Prints one line of JSON with its endpoint and credentials; ends on SIGINT and SIGTERM.
 *
 * @module
 */
import { parseArgs } from 'node:util'
import { startS3 } from './server.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    bucket: { type: 'string', multiple: true, default: ['test'] },
    region: { type: 'string', default: 'us-east-1' },
  },
})
const server = await startS3({
  port: Number(values.port),
  buckets: values.bucket,
  region: values.region,
})
const { endpoint, accessKeyId, secretAccessKey, region, bucket } = server
console.log(JSON.stringify({ endpoint, accessKeyId, secretAccessKey, region, bucket }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.close())
