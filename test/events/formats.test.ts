/**
 * The bodies of notifications: distribution's envelope, CloudEvents, and entries for EventBridge.
 *
 * @module
 */

import { CloudEvent, HTTP } from 'cloudevents'
import { describe, expect, test } from 'vitest'
import { cloudEventBody, STRUCTURED } from '../../functions/events/formats/cloudevents.ts'
import { distributionBody } from '../../functions/events/formats/distribution.ts'
import { eventBridgeEntry } from '../../functions/events/formats/eventbridge.ts'
import type { Origin } from '../../functions/events/formats/origin.ts'
import { KINDS } from '../../functions/events/receivers.ts'
import type { EventRecord } from '../../functions/events/record.ts'
import { BEGIN, digestOf, recordOf } from './records.ts'

const ORIGIN: Origin = {
  publicUrl: undefined,
  url: 'http://127.0.0.1:5000',
  address: 'host:5000',
  instance: '0d9c1f0e-9f2b-4d3c-8a4b-5c6d7e8f9a0b',
}
const ID = '3f0e8a52-7f5f-4d27-9a8e-0b1c2d3e4f50'
const LAYER = { mediaType: 'application/octet-stream', digest: digestOf('b'), size: 5 }

describe("distribution's envelope", () => {
  test('of a push, as registry:2 sends it', () => {
    const record = recordOf({ id: ID, actor: undefined })
    expect(distributionBody(record, ORIGIN, false)).toBe(`{
   "events": [
      {
         "id": "${ID}",
         "timestamp": "2025-01-01T00:00:00.000Z",
         "action": "push",
         "target": {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "size": 431,
            "digest": "${digestOf('a')}",
            "length": 431,
            "repository": "team/app",
            "url": "http://registry.example/v2/team/app/manifests/${digestOf('a')}",
            "tag": "v1"
         },
         "request": {
            "id": "7c1e6d2f-4a2b-4c3d-8e5f-6a7b8c9d0e1f",
            "addr": "192.0.2.7:40000",
            "host": "registry.example",
            "method": "PUT",
            "useragent": "docker/29 \\u003cx\\u003e\\u0026y"
         },
         "actor": {},
         "source": {
            "addr": "host:5000",
            "instanceID": "0d9c1f0e-9f2b-4d3c-8a4b-5c6d7e8f9a0b"
         }
      }
   ]
}`)
  })

  const targetOf = (given: Partial<EventRecord>, origin = ORIGIN, references = false): unknown =>
    JSON.parse(distributionBody(recordOf(given), origin, references)).events[0].target
  const blobUrl = `registry.example/v2/team/app/blobs/${LAYER.digest}`

  test.each<[string, unknown, unknown]>([
    [
      'a blob without a type',
      targetOf({ target: { digest: LAYER.digest, size: 5 } }),
      { ...LAYER, length: 5, repository: 'team/app', url: `http://${blobUrl}` },
    ],
    [
      'an empty blob, in a registry with an address that is set',
      targetOf({ target: { ...LAYER, size: 0 } }, { ...ORIGIN, publicUrl: 'https://a.example/' }),
      {
        mediaType: LAYER.mediaType,
        digest: LAYER.digest,
        repository: 'team/app',
        url: `https://a.example/v2/team/app/blobs/${LAYER.digest}`,
      },
    ],
    [
      'a mount, behind TLS',
      targetOf(
        { action: 'mount', target: { ...LAYER, fromRepository: 'other' } },
        { ...ORIGIN, url: 'https://127.0.0.1:5000' },
      ),
      {
        ...LAYER,
        length: 5,
        repository: 'team/app',
        fromRepository: 'other',
        url: `https://${blobUrl}`,
      },
    ],
    [
      'a delete of a manifest',
      targetOf({ action: 'delete', target: { digest: digestOf('a') } }),
      { digest: digestOf('a'), repository: 'team/app' },
    ],
    [
      'a delete of a tag',
      targetOf({ action: 'delete', target: { tag: 'v1' } }),
      { repository: 'team/app', tag: 'v1' },
    ],
    [
      'references with all that they may have, as Go has it',
      targetOf(
        {
          target: {
            ...LAYER,
            references: [
              { ...LAYER, annotations: { b: '1', a: '2' }, urls: ['https://a.example/'] },
              { ...LAYER, annotations: {}, urls: [] },
            ],
          },
        },
        ORIGIN,
        true,
      ),
      expect.objectContaining({
        references: [
          { ...LAYER, urls: ['https://a.example/'], annotations: { a: '2', b: '1' } },
          LAYER,
        ],
      }),
    ],
    [
      'a push by no request, with references',
      targetOf({ request: undefined, target: { ...LAYER, references: [LAYER] } }, ORIGIN, true),
      {
        ...LAYER,
        length: 5,
        repository: 'team/app',
        url: `http://127.0.0.1:5000/v2/team/app/blobs/${LAYER.digest}`,
        references: [LAYER],
      },
    ],
  ])('has the target of %s', (_, target, expected) => expect(target).toEqual(expected))
})

describe('CloudEvents', () => {
  /** As the package reads what was sent, which refuses what is not valid. */
  const parsed = (given: Partial<EventRecord>): CloudEvent<Readonly<Record<string, unknown>>> => {
    const body = cloudEventBody(recordOf(given), ORIGIN, false)
    const message = { headers: { 'content-type': STRUCTURED }, body }
    const [event] = [HTTP.toEvent<Readonly<Record<string, unknown>>>(message)].flat()
    return new CloudEvent(event!)
  }

  test.each(KINDS)('a %s is a valid event', (action) => {
    const event = parsed({ action })
    expect(event.validate()).toBe(true)
    expect(event.type).toBe(`io.slipway.${action}`)
  })

  test('has all there is to know', () => {
    const record = recordOf({ id: ID, action: 'tag', facts: { reason: 'x' } })
    const target = { ...record.target, previous: digestOf('c'), references: [LAYER] }
    const made = parsed({ ...record, target })
    expect(made.toJSON()).toMatchObject({
      specversion: '1.0',
      id: ID,
      source: 'http://registry.example',
      subject: 'team/app:v1',
      time: new Date(BEGIN).toISOString(),
      datacontenttype: 'application/json',
      data: {
        action: 'tag',
        repository: 'team/app',
        ...record.target,
        previous: digestOf('c'),
        url: `http://registry.example/v2/team/app/manifests/${digestOf('a')}`,
        actor: 'alice',
        facts: { reason: 'x' },
        request: record.request,
      },
    })
    expect(made.data).not.toHaveProperty('references')
  })

  test.each<[string | undefined, Partial<EventRecord>]>([
    [`team/app@${digestOf('a')}`, { target: { digest: digestOf('a') } }],
    ['team/app', { target: undefined }],
    [undefined, { action: 'policy', repository: undefined, target: undefined }],
  ])('the subject is %s', (subject, given) => expect(parsed(given).subject).toBe(subject))

  test('references come where they are asked for', () => {
    const record = recordOf({ target: { ...LAYER, references: [LAYER] } })
    expect(JSON.parse(cloudEventBody(record, ORIGIN, true)).data.references).toEqual([LAYER])
  })
})

describe('EventBridge', () => {
  const MANIFESTS = 'docker/registry/v2/repositories/team/app/_manifests/revisions/sha256/a/link'
  const LAYERS = 'docker/registry/v2/repositories/team/app/_layers/sha256/a/link'

  test('a push has the detail of ECR', () => {
    const entry = eventBridgeEntry(recordOf({ id: ID }))
    expect(entry).toMatchObject({ Source: 'slipway', DetailType: 'ECR Image Action' })
    expect(JSON.parse(entry.Detail)).toEqual({
      result: 'SUCCESS',
      'repository-name': 'team/app',
      'image-digest': digestOf('a'),
      'action-type': 'PUSH',
      'image-tag': 'v1',
      'manifest-media-type': 'application/vnd.oci.image.manifest.v1+json',
      id: ID,
      actor: 'alice',
    })
  })

  test.each<[string, Partial<EventRecord>, string]>([
    ['a push of a blob', { target: LAYER }, 'Slipway Action'],
    ['a delete of a tag', { action: 'delete', target: { tag: 'v1' } }, 'ECR Image Action'],
    [
      'a delete of a manifest',
      {
        action: 'delete',
        target: { digest: digestOf('a') },
        proof: { key: MANIFESTS, absent: true },
      },
      'ECR Image Action',
    ],
    [
      'a delete of a blob',
      { action: 'delete', target: { digest: digestOf('a') }, proof: { key: LAYERS, absent: true } },
      'Slipway Action',
    ],
    ['a mount', { action: 'mount', target: LAYER }, 'Slipway Action'],
    ['a policy', { action: 'policy', repository: undefined, target: undefined }, 'Slipway Action'],
  ])('%s is of type %3$s', (_, given, type) =>
    expect(eventBridgeEntry(recordOf(given)).DetailType).toBe(type),
  )
})
