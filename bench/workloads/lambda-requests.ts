/**
 * The kinds of requests that a Lambda function is measured with, as events of the gateway.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { digestOf } from '../../functions/registry/reference.ts'
import { eventOf } from '../../test/emulators/gateway/event.ts'
import type { Handled } from './lambda-process.ts'

/** Sends an event to a process that is there for no other reason. */
export type Prepare = (event: APIGatewayProxyEventV2) => Promise<Handled>

/** A kind of request. */
export interface LambdaRequest {
  readonly request: string
  /** Makes the event of a request that was not made before. */
  event(prepare: Prepare): Promise<APIGatewayProxyEventV2> | APIGatewayProxyEventV2
}

/** Bytes of the blob that is pushed: what fits into an event is about 4.5 MB. */
const BLOB_BYTES = 1_000_000

/** Layers of the image that is pushed and pulled. */
export const LAYERS = 5

const NAME = 'lambda/app'
const UPLOADS = `/v2/${NAME}/blobs/uploads/`
const DOMAIN = 'registry.example.com'

const event = (
  method: string,
  target: string,
  body: Buffer = Buffer.alloc(0),
  type?: string,
): APIGatewayProxyEventV2 =>
  eventOf(
    {
      method,
      target,
      headers: {
        'user-agent': 'docker/29.7.2',
        accept: `${OCI_MANIFEST}, */*`,
        ...(['POST', 'PUT'].includes(method) ? { 'content-length': `${body.byteLength}` } : {}),
        ...(type === undefined ? {} : { 'content-type': type }),
      },
      body,
      sourceIp: '192.0.2.7',
      domain: DOMAIN,
    },
    true,
  )

const BINARY = 'application/octet-stream'

const pushAtOnce = (bytes: Buffer) =>
  event('POST', `${UPLOADS}?digest=${digestOf(bytes)}`, bytes, BINARY)

/** The second request of an upload: all its bytes. */
const putBlob = async (prepare: Prepare): Promise<APIGatewayProxyEventV2> => {
  const bytes = randomBytes(BLOB_BYTES)
  const { headers } = await prepare(event('POST', UPLOADS))
  const location = new URL(headers.location ?? '', `https://${DOMAIN}`)
  location.searchParams.set('digest', digestOf(bytes))
  return event('PUT', `${location.pathname}${location.search}`, bytes, BINARY)
}

const descriptorOf = (mediaType: string, bytes: Buffer) => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.byteLength,
})

/** Pushes an image through a process, and gives the kinds of requests that read it and push it. */
export const lambdaRequests = async (prepare: Prepare): Promise<readonly LambdaRequest[]> => {
  const push = async (made: APIGatewayProxyEventV2) => {
    const { status } = await prepare(made)
    if (status !== 201) throw new Error(`${made.rawPath}: ${status}`)
  }
  const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers"}}')
  const layers = Array.from({ length: LAYERS }, () => randomBytes(1000))
  for (const bytes of [config, ...layers]) await push(pushAtOnce(bytes))
  const manifest = (fields: object = {}) =>
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        config: descriptorOf('application/vnd.oci.image.config.v1+json', config),
        layers: layers.map((bytes) =>
          descriptorOf('application/vnd.oci.image.layer.v1.tar+gzip', bytes),
        ),
        ...fields,
      }),
    )
  const manifests = `/v2/${NAME}/manifests`
  const image = manifest()
  await push(event('PUT', `${manifests}/v1`, image, OCI_MANIFEST))
  const blob = `/v2/${NAME}/blobs/${digestOf(layers[0]!)}`
  let pushed = 0
  return [
    { request: 'GET /v2/', event: () => event('GET', '/v2/') },
    { request: 'HEAD manifest by tag', event: () => event('HEAD', `${manifests}/v1`) },
    { request: 'GET manifest by tag', event: () => event('GET', `${manifests}/v1`) },
    {
      request: 'GET manifest by digest',
      event: () => event('GET', `${manifests}/${digestOf(image)}`),
    },
    { request: 'GET blob', event: () => event('GET', blob) },
    { request: 'HEAD blob', event: () => event('HEAD', blob) },
    {
      request: 'HEAD blob that is not there',
      event: () => event('HEAD', `/v2/${NAME}/blobs/${digestOf(randomBytes(8))}`),
    },
    { request: 'POST upload', event: () => event('POST', UPLOADS) },
    { request: 'PUT upload, 1 MB', event: putBlob },
    {
      request: `PUT manifest of ${LAYERS} layers`,
      event: () => {
        pushed++
        const bytes = manifest({ annotations: { pushed: `${pushed}` } })
        return event('PUT', `${manifests}/v${pushed % 2}`, bytes, OCI_MANIFEST)
      },
    },
    { request: 'GET tags', event: () => event('GET', `/v2/${NAME}/tags/list`) },
    { request: 'GET catalog', event: () => event('GET', '/v2/_catalog') },
  ]
}
