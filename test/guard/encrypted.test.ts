/**
 * Which manifests have a layer that is not encrypted.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { plainLayer } from '../../functions/guard/encrypted.ts'
import { parseManifest } from '../../functions/registry/manifest.ts'
import { DOCKER_MANIFEST, OCI_ARTIFACT, OCI_INDEX } from '../../functions/registry/media-types.ts'
import { CONFIG, CONFIG_TYPE, contentOf, descriptorOf, imageOf } from '../support/hosts/content.ts'

const OCI = 'application/vnd.oci.image.layer.v1.tar'
const DOCKER = 'application/vnd.docker.image.rootfs.diff.tar.gzip'
const EMPTY = 'application/vnd.oci.empty.v1+json'
const KEY = { 'org.opencontainers.image.enc.keys.jwe': 'eyJ' }
const LAYER = contentOf('a layer')

const layer = (mediaType: string, annotations?: Record<string, string>) => ({
  ...descriptorOf(mediaType, LAYER),
  ...(annotations && { annotations }),
})
const config = (mediaType: string) => descriptorOf(mediaType, CONFIG)
const image = (layers: readonly object[], fields: object = {}): Buffer =>
  imageOf([], { layers, ...fields }).bytes

const ENCRYPTED: readonly (readonly [string, Buffer])[] = [
  ['has none', image([])],
  ['has all of them encrypted', image([layer(`${OCI}+gzip+encrypted`, KEY)])],
  [
    'is encrypted by containerd, of docker',
    image([layer(`${DOCKER}+enc`, { 'org.opencontainers.image.enc.keys.pkcs7': 'x' })], {
      mediaType: DOCKER_MANIFEST,
      config: config('application/vnd.docker.container.image.v1+json'),
    }),
  ],
  [
    'has a key of a provider',
    image([layer(`${OCI}+encrypted`, { 'org.opencontainers.image.enc.keys.provider.kms': 'x' })]),
  ],
  [
    'is a signature by cosign 2',
    image([layer('application/vnd.dev.cosign.simplesigning.v1+json')]),
  ],
  ['is an attestation by BuildKit', image([layer('application/vnd.in-toto+json')])],
  [
    'is a bundle of sigstore',
    image([layer('application/vnd.dev.sigstore.bundle.v0.3+json')], { config: config(EMPTY) }),
  ],
  [
    'is a chart',
    image([layer('application/vnd.cncf.helm.chart.content.v1.tar+gzip')], {
      config: config('application/vnd.cncf.helm.config.v1+json'),
    }),
  ],
  [
    'is an index',
    imageOf([], {
      mediaType: OCI_INDEX,
      manifests: [descriptorOf(OCI_INDEX, LAYER)],
      config: undefined,
      layers: undefined,
    }).bytes,
  ],
]

const PLAIN: readonly (readonly [string, Buffer, string, number])[] = [
  ['is plain', image([layer(`${OCI}+gzip`)]), `has the type ${OCI}+gzip`, 1],
  [
    'has one plain layer',
    image([layer(`${OCI}+encrypted`, KEY), layer(`${OCI}+zstd`)]),
    `has the type ${OCI}+zstd`,
    2,
  ],
  [
    'has a layer for which nobody has a key',
    image([layer(`${OCI}+encrypted`, { 'org.opencontainers.image.enc.pubopts': 'x' })]),
    'has no key for anybody among its annotations (org.opencontainers.image.enc.keys.…)',
    1,
  ],
  [
    'has an empty key',
    image([layer(`${OCI}+encrypted`, { [Object.keys(KEY)[0] ?? '']: '' })]),
    '',
    1,
  ],
  ['says it elsewhere', image([layer(`${OCI}+encrypted+gzip`, KEY)]), '', 1],
  [
    'is not distributable',
    image([layer('application/vnd.oci.image.layer.nondistributable.v1.tar+gzip')]),
    '',
    1,
  ],
  ['has a layer of any other type', image([layer('application/octet-stream')]), '', 1],
  [
    'is an artifact with the layer of an image',
    image([layer(OCI)], { config: config(EMPTY) }),
    '',
    1,
  ],
  [
    'is an artifact of old with one',
    contentOf(
      JSON.stringify({ mediaType: OCI_ARTIFACT, artifactType: 'a/b', blobs: [layer(DOCKER)] }),
    ).bytes,
    '',
    1,
  ],
  ['has the config of an image', image([layer(OCI)], { config: config(CONFIG_TYPE) }), '', 1],
]

describe('a manifest whose layers are encrypted', () => {
  test.each(ENCRYPTED)('%s', (_, bytes) => {
    expect(plainLayer(parseManifest(bytes, undefined))).toBe(undefined)
  })
})

describe('a manifest that has a plain layer', () => {
  test.each(PLAIN)('%s', (_, bytes, why, at) => {
    const found = plainLayer(parseManifest(bytes, undefined))
    expect(found).toMatchObject({ at, layer: { digest: LAYER.sha256 } })
    expect(found?.why).toContain(why)
  })
})
