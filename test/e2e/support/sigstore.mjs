/**
 * Sigstore's client for registries, as a program: attaches an artifact to an image, or prints the digest of a tag.
 *
 * Usage: node sigstore.mjs MODULES digest|attach IMAGE TAG|DIGEST USER PASSWORD
 */
import { createRequire } from 'node:module'

const [modules, command, imageName, reference, username, password] = process.argv.slice(2)
const { attachArtifactToImage, getImageDigest } = createRequire(`${modules}/`)('@sigstore/oci')
const common = { imageName, credentials: { username, password }, fetchOpts: {} }
const found =
  command === 'digest'
    ? await getImageDigest({ ...common, imageTag: reference })
    : (
        await attachArtifactToImage({
          ...common,
          imageDigest: reference,
          artifact: Buffer.from('{"an":"attestation"}'),
          mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        })
      ).digest
process.stdout.write(`${found}\n`)
