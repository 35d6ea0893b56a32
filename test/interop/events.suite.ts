/**
 * Notifications of distribution (Debian's `docker-registry`), and ours of the same, byte by byte but for the
 * fractions of a second.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { distributionBody, ENVELOPE } from '../../functions/events/formats/distribution.ts'
import type { EventRecord } from '../../functions/events/record.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { serveReceiver } from '../events/receiver.ts'
import { blob, CONFIG, type Content, imageOf, indexOf } from '../support/hosts/content.ts'
import { scratch } from '../support/live/process.ts'
import { startRegistry } from '../support/live/registry.ts'
import { until } from '../support/until.ts'

const AGENT = 'suite/1.0 (<x> & "y")'
const LAYER = blob('layer of events', 100)

/** An event in an envelope, as far as it is read here. */
interface Sent {
  readonly id: string
  readonly timestamp: string
  readonly action: EventRecord['action']
  readonly target: Readonly<Record<string, unknown>>
  readonly request: NonNullable<EventRecord['request']> & { readonly useragent: string }
  readonly source: { readonly addr: string; readonly instanceID: string }
}

/** Ours of the same; what ours derives is not taken over. */
const ours = ({ id, timestamp, action, target, request, source }: Sent, url: string): string => {
  const { mediaType, digest, size, tag, repository, fromRepository, references } = target
  const isBlob = mediaType === 'application/octet-stream'
  const { useragent: userAgent, addr, host, method } = request
  const record = {
    version: 1,
    id,
    at: Date.parse(timestamp),
    action,
    repository,
    target: { digest, size, tag, fromRepository, references, ...(isBlob ? {} : { mediaType }) },
    request: { id: request.id, addr, host, method, userAgent },
  } as unknown as EventRecord
  return distributionBody(record, { url, address: source.addr, instance: source.instanceID }, true)
}

const withoutFractions = (body: string): string => body.replace(/(:\d\d)\.\d+Z"/, '$1Z"')

test('what distribution sends, we send byte by byte', async (t) => {
  const place = scratch('notified')
  const hooks = await serveReceiver((_, response) => response.end())
  const registry = await startRegistry(
    'distribution',
    { directory: place.path },
    { notifications: hooks.url },
  )
  t.onTestFinished(async () => {
    await registry.close()
    place.remove()
  })

  const send = async (method: string, path: string, body?: Content, type?: string) => {
    const response = await fetch(new URL(path, `http://${registry.address}`), {
      method,
      body: body?.bytes ?? null,
      headers: {
        'user-agent': AGENT,
        accept: OCI_INDEX,
        ...(type === undefined ? {} : { 'content-type': type }),
      },
    })
    await response.arrayBuffer()
    expect(response.ok).toBe(true)
    return response
  }

  const pushBlob = async (content: Content): Promise<void> => {
    const begun = await send('POST', '/v2/team/app/blobs/uploads/')
    const location = begun.headers.get('location') ?? ''
    await send('PUT', `${location}&digest=${content.sha256}`, content, 'application/octet-stream')
  }

  const image = imageOf([LAYER])
  const index = indexOf([image])
  for (const each of [CONFIG, LAYER]) await pushBlob(each)
  await send('POST', `/v2/other/blobs/uploads/?mount=${LAYER.sha256}&from=team/app`)
  await send('PUT', '/v2/team/app/manifests/v1', image, OCI_MANIFEST)
  await send('PUT', `/v2/team/app/manifests/${index.sha256}`, index, OCI_INDEX)
  await send('GET', `/v2/team/app/blobs/${LAYER.sha256}`)
  await send('GET', `/v2/team/app/manifests/${index.sha256}`)
  await send('DELETE', `/v2/team/app/manifests/${image.sha256}`)
  await send('DELETE', `/v2/team/app/blobs/${LAYER.sha256}`)
  // Two for the delete of the manifest, which takes its tag along.
  await until(() => hooks.received.length >= 10)
  const kinds = new Map<string, number>()
  for (const { headers, body } of hooks.received) {
    expect(headers['content-type']).toBe(ENVELOPE)
    const [event] = (JSON.parse(body) as { events: [Sent] }).events
    expect(withoutFractions(ours(event, `http://${registry.address}`))).toBe(withoutFractions(body))
    kinds.set(event.action, (kinds.get(event.action) ?? 0) + 1)
  }
  expect(Object.fromEntries(kinds)).toEqual({ push: 4, mount: 1, pull: 2, delete: 3 })
})
