/**
 * Signatures as cosign 2, cosign 3 and notation make them, and wrong ones.
 *
 * @module
 */

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import {
  CONFIG,
  CONFIG_TYPE,
  type Content,
  contentOf,
  descriptorOf,
  imageOf,
} from '../support/hosts/content.ts'
import type { Send } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'

export const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json'
export const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
export const JWS = 'application/jose+json'
export const NOTARY = 'application/vnd.cncf.notary.signature'
const EMPTY = contentOf('{}')
export const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json'

/** Somebody who signs. */
export interface Signer {
  /** PEM. */
  readonly pem: string
  sign(bytes: Uint8Array): Buffer
}

const signerOf = (
  { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject },
  hash: string | null,
): Signer => ({
  pem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  sign: (bytes) => sign(hash, bytes, privateKey),
})

/** Kinds of keys, with the hash that their signatures are made with. */
export const SIGNERS: Readonly<Record<string, () => Signer>> = {
  'P-256': () => signerOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'sha256'),
  'P-384, SHA-384': () => signerOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'sha384'),
  'P-384, SHA-256': () => signerOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'sha256'),
  'P-521': () => signerOf(generateKeyPairSync('ec', { namedCurve: 'P-521' }), 'sha512'),
  RSA: () => signerOf(generateKeyPairSync('rsa', { modulusLength: 2048 }), 'sha256'),
  Ed25519: () => signerOf(generateKeyPairSync('ed25519'), null),
}

/** A signer with a key of the usual kind. */
export const createSigner = (): Signer => SIGNERS['P-256']!()

/** What cosign 2 signs. */
export const payloadOf = (digest: string, critical: object = {}): Buffer =>
  Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': 'registry.example/prod/app' },
        image: { 'docker-manifest-digest': digest },
        type: 'cosign container image signature',
        ...critical,
      },
      optional: null,
    }),
  )

/** A layer of cosign's tag. */
export interface SimpleLayer {
  readonly payload: Uint8Array
  readonly signature: string
}

export const simple = (signer: Signer, digest: string): SimpleLayer => {
  const payload = payloadOf(digest)
  return { payload, signature: signer.sign(payload).toString('base64') }
}

/** What cosign 3 signs. */
export const statementOf = (digest: string, fields: object = {}): Buffer => {
  const [algorithm = '', hex = ''] = digest.split(':')
  return Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { [algorithm]: hex } }],
      predicateType: 'https://sigstore.dev/cosign/sign/v1',
      predicate: {},
      ...fields,
    }),
  )
}

/** A bundle around a statement. */
export const bundle = (
  signer: Signer,
  statement: Uint8Array,
  payloadType = 'application/vnd.in-toto+json',
): Buffer => {
  const signed = Buffer.concat([
    Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${statement.byteLength} `),
    statement,
  ])
  return Buffer.from(
    JSON.stringify({
      mediaType: BUNDLE,
      verificationMaterial: { publicKey: { hint: '' } },
      dsseEnvelope: {
        payload: Buffer.from(statement).toString('base64'),
        payloadType,
        signatures: [{ sig: signer.sign(signed).toString('base64') }],
      },
    }),
  )
}

/** The tag of cosign 2 for a manifest. */
export const tagOf = (digest: string): string => `${digest.replace(':', '-')}.sig`

/** Pushes an image of one layer. @returns its manifest */
export const pushImage = async (
  send: Send,
  name: string,
  reference: string,
  text = 'a layer',
): Promise<Content> => {
  const layer = contentOf(text)
  for (const each of [CONFIG, layer]) await pushAtOnce(send, name, each)
  const image = imageOf([layer])
  await pushManifest(send, name, reference, image)
  return image
}

/** Pushes signatures as cosign 2 does. @returns their manifest */
export const pushSimple = async (
  send: Send,
  name: string,
  digest: string,
  layers: readonly SimpleLayer[],
): Promise<Content> => {
  await pushAtOnce(send, name, CONFIG)
  for (const { payload } of layers) await pushAtOnce(send, name, contentOf(payload))
  const manifest = imageOf([], {
    config: descriptorOf(CONFIG_TYPE, CONFIG),
    layers: layers.map(({ payload, signature }) => ({
      ...descriptorOf(SIMPLE_SIGNING, contentOf(payload)),
      annotations: { 'dev.cosignproject.cosign/signature': signature },
    })),
  })
  await pushManifest(send, name, tagOf(digest), manifest)
  return manifest
}

/** Pushes a referrer with one layer. @returns its manifest */
export const pushReferrer = async (
  send: Send,
  name: string,
  subject: Content,
  [mediaType, bytes]: readonly [mediaType: string, bytes: Uint8Array],
  fields: object = {},
): Promise<Content> => {
  const layer = contentOf(bytes)
  for (const each of [EMPTY, layer]) await pushAtOnce(send, name, each)
  const manifest = imageOf([], {
    artifactType: mediaType,
    config: descriptorOf(EMPTY_TYPE, EMPTY),
    layers: [descriptorOf(mediaType, layer)],
    subject: descriptorOf(OCI_MANIFEST, subject),
    ...fields,
  })
  await pushManifest(send, name, manifest.sha256, manifest)
  return manifest
}

/** Signs an image as cosign 3 does. @returns the manifest of the bundle */
export const pushBundle = (
  send: Send,
  name: string,
  image: Content,
  signer: Signer,
): Promise<Content> =>
  pushReferrer(send, name, image, [BUNDLE, bundle(signer, statementOf(image.sha256))])
