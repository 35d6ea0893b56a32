/**
 * What may be a signature of a manifest: the one under cosign's tag, and referrers of the types that signatures have.
 *
 * @module
 */

import { type Manifest, parseInTurns } from '../../registry/manifest.ts'
import { algorithmOf, type Digest, hexOf } from '../../registry/reference.ts'
import type { Referrer } from '../../registry/referrer-entry.ts'
import type { Registry } from '../../registry/registry.ts'
import { discard, readAll } from '../../storage/bytes.ts'
import { unlessAbsent } from '../absent.ts'

/** Most referrers that are looked at of one manifest; who may push could attach any number of them. */
export const MOST_REFERRERS = 50

/** Most descriptors of referrers that are gone through for these. */
const MOST_LISTED = 2000

/** Most layers of one of them, as cosign adds one for each signature. */
const MOST_LAYERS = 50

/** Most signatures that are read for one manifest, over all of these. */
const MOST_SIGNATURES = 200

/** Most bytes of a signature with what is signed. */
const MOST_BYTES = 1024 * 1024

export const BUNDLE = 'application/vnd.dev.sigstore.bundle'
export const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json'
export const JWS = 'application/jose+json'

const SIGNATURE_TYPES: readonly string[] = [
  'application/vnd.dev.cosign.artifact.sig.v1+json',
  'application/vnd.cncf.notary.signature',
]

/** What a bundle says to be; attestations are no signatures. */
const PREDICATE = 'dev.sigstore.bundle.predicateType'

const mayBeSignature = ({ artifactType = '', annotations = {} }: Referrer): boolean => {
  if (SIGNATURE_TYPES.includes(artifactType)) return true
  const states = annotations[PREDICATE]
  const signs = states === undefined || states.startsWith('https://sigstore.dev/cosign/sign/')
  return artifactType.startsWith(BUNDLE) && signs
}

export type SignatureSource = Pick<Registry, 'manifests' | 'tags' | 'referrers' | 'blobs'>

/** One signature, not verified yet. */
export interface Evidence {
  readonly mediaType: string
  readonly bytes: Uint8Array
  readonly annotations: Readonly<Record<string, string>>
}

/** The tag under which cosign looks for what belongs to a manifest. */
export const signatureTag = (digest: Digest): string =>
  `${algorithmOf(digest)}-${hexOf(digest)}.sig`

/** Candidates for signatures of manifests of one repository. */
export const createCandidates = ({ manifests, tags, referrers, blobs }: SignatureSource) => {
  const read = async (name: string, digest: Digest): Promise<Manifest | undefined> => {
    const stored = await unlessAbsent(manifests.get(name, digest))
    return stored && unlessAbsent(parseInTurns(stored.bytes, stored.mediaType))
  }

  const bytesOf = async (name: string, digest: Digest): Promise<Uint8Array | undefined> => {
    const opened = await unlessAbsent(blobs.open(name, digest))
    if (opened === undefined || opened.info.size <= MOST_BYTES) {
      return opened && readAll(opened.body, MOST_BYTES)
    }
    discard(opened.body)
    return undefined
  }

  async function* digestsOf(name: string, subject: Digest): AsyncGenerator<Digest> {
    const tagged = await tags.get(name, signatureTag(subject))
    if (tagged !== undefined) yield tagged.target
    let found = 0
    let listed = 0
    for (let last: Digest | undefined; ; ) {
      const page = await referrers.list(name, subject, last === undefined ? {} : { last })
      for (const referrer of page.referrers) {
        if (!mayBeSignature(referrer)) continue
        yield referrer.digest
        if (++found === MOST_REFERRERS) return
      }
      listed += page.referrers.length
      last = page.next
      if (last === undefined || listed >= MOST_LISTED) return
    }
  }

  /** All that may be signatures of a manifest, one after another, as far as they are asked for. */
  return async function* evidenceOf(name: string, subject: Digest): AsyncGenerator<Evidence> {
    let given = 0
    for await (const digest of digestsOf(name, subject)) {
      const { references = [] } = (await read(name, digest)) ?? {}
      for (const { mediaType, digest, size, annotations = {} } of references.slice(
        0,
        MOST_LAYERS,
      )) {
        const known = [SIMPLE_SIGNING, JWS].includes(mediaType) || mediaType.startsWith(BUNDLE)
        if (!known || size > MOST_BYTES) continue
        const bytes = await bytesOf(name, digest)
        if (bytes === undefined) continue
        yield { mediaType, bytes, annotations }
        if (++given === MOST_SIGNATURES) return
      }
    }
  }
}
