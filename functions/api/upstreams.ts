/**
 * The port to other registries, whose images are had from here: see docs/pull-through.md. There is one only where the
 * host can fetch.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import { type Digest, parseName, type Reference } from '../registry/reference.ts'
import { nameUnknown } from '../registry/tags.ts'
import { quoted } from '../shared/errors.ts'
import type { ByteRange } from '../storage/store.ts'
import type { AppContext, AppOptions } from './env.ts'
import { RequestError } from './errors.ts'
import { originOf, permit } from './middleware/permit.ts'

/** A blob on its way, or a range of it. */
export interface ArrivingBlob {
  /** Of the whole in bytes, if it is known. */
  readonly size: number | undefined
  /** First and last byte of the body within the blob, if a range was asked for. */
  readonly span: { readonly start: number; readonly end: number } | undefined
  /** It must be read or destroyed. It fails, and never just ends, where the blob is not whole and right. */
  readonly body: Readable
}

/** A repository that comes from an upstream. All throw RegistryError or RequestError. */
export interface PulledThrough {
  /** Its name here. */
  readonly name: string
  /** The host that it comes from. */
  readonly host: string
  /** Has a manifest here. @returns its digest, and what a client should be told */
  manifest(reference: Reference): Promise<{ readonly digest: Digest; readonly warning?: string }>
  /** Size in bytes of a blob that is not here, if the upstream says so. */
  stat(digest: Digest): Promise<number | undefined>
  /** Has a blob here. @returns undefined when the repository has it by now */
  blob(digest: Digest, range: ByteRange | undefined): Promise<ArrivingBlob | undefined>
}

/** What a name leads to: `unknown` if the client wants a host that is none of the upstreams. */
export type FindSource = (
  name: string,
  namespace: string | undefined,
) => Promise<PulledThrough | 'own' | 'unknown'>

/** The repository that a request is about. */
export interface Source {
  readonly name: string
  /** Absent: it is one of this registry itself. */
  readonly from?: PulledThrough
}

/** The host that the client really wants; none where that is this registry. */
const namespaceOf = (c: AppContext): string | undefined => {
  const namespace = c.req.query('ns') ?? c.req.header('OCI-Namespace')
  return namespace === new URL(originOf(c)).host ? undefined : namespace
}

/**
 * The repository that a pull is about. Nothing of it is read.
 *
 * @param text the name in the path
 * @throws RegistryError NAME_INVALID; NAME_UNKNOWN, for those who may pull, where the client wants another host that is
 *   none of the upstreams, so that it goes on to its next mirror
 */
export const sourceOf = async (
  c: AppContext,
  { upstreams }: Pick<AppOptions, 'upstreams'>,
  text: string,
): Promise<Source> => {
  const name = parseName(text)
  const found = (await upstreams?.(name, namespaceOf(c))) ?? 'own'
  if (found === 'own') return { name }
  if (found !== 'unknown') return { name: found.name, from: found }
  await permit(c, name, 'pull')
  throw nameUnknown(name)
}

/** Refuses a push to a repository that comes from an upstream. @throws RequestError */
export const refuseThrough = async (
  { upstreams }: Pick<AppOptions, 'upstreams'>,
  name: string,
): Promise<void> => {
  const found = (await upstreams?.(name, undefined)) ?? 'own'
  if (typeof found === 'string') return
  throw new RequestError(
    'PULLED_THROUGH',
    `the repository ${quoted(name)} is a copy of what ${found.host} has: push there, or to a name that comes from no upstream`,
  )
}
