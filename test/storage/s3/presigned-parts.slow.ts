/**
 * Services that do not hold presigned parts to what was signed are found out.
 *
 * @module
 */
import type { RequestListener } from 'node:http'
import { expect, test } from 'vitest'
import { openOn } from './harness.ts'

const CREATED =
  '<?xml version="1.0"?><InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>'

/** A service that responds so to parts. */
const service =
  (parts: RequestListener): RequestListener =>
  (incoming, answer) => {
    incoming.resume()
    if (incoming.url?.includes('partNumber')) return parts(incoming, answer)
    incoming.on('end', () => answer.end(incoming.method === 'POST' ? CREATED : ''))
  }

const SERVICES: readonly (readonly [what: string, RequestListener])[] = [
  ['takes everything', (_, answer) => void answer.end()],
  ['refuses everything', (_, answer) => void answer.writeHead(403).end()],
  ['fails', (_, answer) => void answer.writeHead(500).end()],
  ['never responds to what it should refuse', () => {}],
]

for (const [what, parts] of SERVICES) {
  test(`one that ${what}`, async (t) => {
    const store = await openOn(t, service(parts))
    expect(await store.provesParts()).toBe(false)
  })
}

test('one that knows no checksums', async (t) => {
  const store = await openOn(t, (_, answer) => {
    answer.writeHead(501, { 'Content-Type': 'application/xml' })
    answer.end('<Error><Code>NotImplemented</Code><Message>no</Message></Error>')
  })
  expect(await store.provesParts()).toBe(false)
})
