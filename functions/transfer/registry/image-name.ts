/**
 * Images as people write them.
 *
 * @module
 */

import { isDigest, isName, isTag } from '../../registry/reference.ts'
import { TransferError } from '../errors.ts'

/** A repository, and perhaps one image in it. */
export interface ImageName {
  readonly name: string
  readonly tag: string | undefined
  readonly digest: string | undefined
}

/** The same at a registry. */
export interface RemoteImage extends ImageName {
  /** With its port. */
  readonly host: string
}

/** Reads `NAME[:TAG][@DIGEST]`. @returns undefined where it is something else */
const readName = (text: string): ImageName | undefined => {
  const [, name = '', tag, digest] =
    text.match(/^([^:@]+)(?::([^:@/]+))?(?:@([a-z0-9]+:[0-9a-f]+))?$/) ?? []
  const isRight =
    isName(name) && (tag === undefined || isTag(tag)) && (digest === undefined || isDigest(digest))
  return isRight ? { name, tag, digest } : undefined
}

/** Reads an image of a store. @throws TransferError */
export const parseImage = (text: string): ImageName => {
  const found = readName(text)
  if (found !== undefined) return found
  throw new TransferError(
    `${JSON.stringify(text)} is not an image: expected NAME, NAME:TAG or NAME@sha256:<64 hex digits>, as in team/app:1.0`,
  )
}

const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i

/** Docker's hub has another host for its registry, and images without a namespace. */
const atHub = ({ name, ...rest }: ImageName): RemoteImage => ({
  host: 'registry-1.docker.io',
  name: name.includes('/') ? name : `library/${name}`,
  ...rest,
})

/** Reads an image of a registry. @throws TransferError */
export const parseRemote = (text: string): RemoteImage => {
  const slash = text.indexOf('/')
  const host = text.slice(0, slash)
  const found = slash > 0 && HOST.test(host) ? readName(text.slice(slash + 1)) : undefined
  if (found !== undefined) {
    return /^(?:index\.)?docker\.io$/.test(host) ? atHub(found) : { host, ...found }
  }
  throw new TransferError(
    `${JSON.stringify(text)} is not an image of a registry: expected HOST/NAME, HOST/NAME:TAG or HOST/NAME@DIGEST, as in registry.example/team/app:1.0`,
  )
}
