/**
 * Manifests: GET, HEAD, PUT and DELETE /v2/<name>/manifests/<reference>
 *
 * @module
 */

import type { Hono } from 'hono'
import type { Caller } from '../../auth/authorizer.ts'
import { nameOf } from '../../auth/identity.ts'
import {
  MAX_MANIFEST_BYTES,
  manifestUnknown,
  type StoredManifest,
} from '../../registry/manifests.ts'
import { OCI_ARTIFACT } from '../../registry/media-types.ts'
import type { PushedManifest } from '../../registry/push-manifest.ts'
import {
  type Digest,
  isTag,
  parseName,
  parseReference,
  parseTag,
  type Reference,
} from '../../registry/reference.ts'
import type { TagCondition } from '../../registry/tags.ts'
import { quoted } from '../../shared/errors.ts'
import { readBody } from '../body.ts'
import type { AppContext, AppEnv, AppOptions } from '../env.ts'
import { RequestError } from '../errors.ts'
import { eventOrigin } from '../event-origin.ts'
import { permitImage } from '../guarded-pulls.ts'
import { urlAtEdge } from '../middleware/edge.ts'
import { auditOverrides } from '../middleware/log.ts'
import { mayRedirect, methodOf, permit } from '../middleware/permit.ts'
import { entityTags, noneMatchHits, readOverride } from '../request.ts'
import { empty, redirect, warning } from '../responses.ts'
import { destinationOf, type Source, sourceOf } from '../upstreams.ts'

const PATH = '/v2/:name{.+}/manifests/:reference'

/** Seconds that the redirect of a HEAD is valid: clients follow it at once. */
const URL_LIFE = 60

/** Most `?tag=` parameters of one push; the specification asks for at least 10. */
const MAX_TAGS = 100

/** The reference of a read: a malformed tag is unknown rather than invalid; a digest must be valid. */
const requestedReference = (name: string, text: string): Reference => {
  if (!text.includes(':') && !isTag(text)) throw manifestUnknown(name, quoted(text))
  return parseReference(text)
}

const readTags = (c: AppContext, reference: Reference): string[] => {
  const tags = (c.req.queries('tag') ?? []).map(parseTag)
  if (tags.length > 0 && reference.digest === undefined) {
    throw new RequestError('PARAMETER_INVALID', '?tag= is for pushes by digest, not by tag')
  }
  if (tags.length > MAX_TAGS) {
    throw new RequestError('TOO_MANY_TAGS', `${tags.length} tags in one push, at most ${MAX_TAGS}`)
  }
  return tags
}

/** If-Match and If-None-Match as a compare-and-swap on the tag. */
const readCondition = (c: AppContext, reference: Reference): TagCondition | undefined => {
  const match = c.req.header('If-Match')
  const noneMatch = c.req.header('If-None-Match')
  if (match === undefined && noneMatch === undefined) return undefined
  const refuse = (why: string): never => {
    throw new RequestError('PARAMETER_INVALID', why)
  }
  if (reference.tag === undefined) refuse('If-Match and If-None-Match are for pushes by tag')
  if (match !== undefined && noneMatch !== undefined) {
    refuse('send If-Match or If-None-Match, not both')
  }
  if (match === undefined) {
    if (noneMatch?.trim() !== '*') refuse('the only If-None-Match that a push accepts is *')
    return { absent: true }
  }
  const tags = entityTags(match)
  return { anyOf: tags.includes('*') ? [] : tags }
}

/** Whether immutable tags may go: the caller may, and does not say that they are to stay. */
const mayOverride = (c: AppContext, caller: Caller, name: string): boolean =>
  readOverride(c) && caller.allows(name, 'override')

const addWarnings = (c: AppContext, { manifest }: PushedManifest): void => {
  if (manifest.mediaType === OCI_ARTIFACT) {
    c.header('Warning', warning(`${OCI_ARTIFACT} was withdrawn: push an OCI image manifest`))
  }
  const { unchecked } = manifest
  if (unchecked.length > 0) {
    const text = `${unchecked.length} non-distributable layers were not checked, the first is ${unchecked[0]?.digest}`
    c.header('Warning', warning(text), { append: true })
  }
}

/** Registers the manifest endpoints. */
export const manifestRoutes = (app: Hono<AppEnv>, options: AppOptions): void => {
  const { manifests } = options.registry

  const redirectToStore = async (c: AppContext, digest: Digest, manifest: StoredManifest) => {
    if (c.req.method !== 'HEAD' || !options.redirectManifestHeads) return undefined
    if (!(await mayRedirect(c, options))) return undefined
    const url = await manifests.headUrl(manifest, URL_LIFE)
    if (url === undefined) return undefined
    // There the digest is added, which clients take from a HEAD: the one of the bytes.
    const named = manifest.target === digest
    return redirect(c, (named && (await urlAtEdge(c, options, url, URL_LIFE))) || url)
  }

  // Also HEAD. Accept is ignored: a manifest of another type is of more use to clients than a 404.
  app.get(PATH, async (c) => {
    const asked = parseName(c.req.param('name'))
    const find = options.upstreams?.find
    const { name, caller, from }: Source = find
      ? await sourceOf(c, find, asked)
      : { name: asked, caller: await permit(c, asked, 'pull') }
    const reference = requestedReference(name, c.req.param('reference'))
    const brought = await from?.manifest(reference)
    if (brought?.warning !== undefined) c.header('Warning', warning(brought.warning))
    const digest = brought?.digest ?? (await manifests.resolve(name, reference))
    const required = await c.get('authorizer').required?.(name)
    if (required) await permitImage(c, options, required, { repository: name, digest, caller })
    const unchanged = noneMatchHits(c.req.header('If-None-Match'), digest)
    c.header('Docker-Content-Digest', digest)
    c.header('ETag', `"${digest}"`)
    // Who only lists what there is keeps nothing from going with age.
    const looks = c.req.query('look') === 'true'
    const seen = () => {
      if (!looks) options.pulled?.(name, digest, nameOf(caller.identity))
    }
    if (unchanged && reference.tag !== undefined) {
      seen()
      return c.body(null, 304)
    }
    const stored = await manifests.get(name, digest, reference.tag !== undefined)
    const shown = await options.schema1?.show(name, reference, stored, c.req.header('Accept'))
    if (options.schema1) c.header('Vary', 'Accept', { append: true })
    if (shown) {
      c.header('Docker-Content-Digest', shown.digest)
      c.header('ETag', `"${shown.digest}"`)
    }
    seen()
    if (unchanged) return c.body(null, 304)
    const redirected = shown ? undefined : await redirectToStore(c, digest, stored)
    if (redirected) return redirected
    const { bytes, mediaType } = shown ?? stored
    if (methodOf(c) === 'GET') {
      options.pullEvents?.tell?.(() => ({
        repository: name,
        target: {
          mediaType,
          digest: shown?.digest ?? digest,
          size: bytes.byteLength,
          tag: reference.tag,
        },
        origin: eventOrigin(c),
      }))
    }
    return c.body(bytes as Uint8Array<ArrayBuffer>, 200, {
      'Content-Type': mediaType,
      'Content-Length': String(bytes.byteLength),
    })
  })

  app.put(PATH, async (c) => {
    const asked = parseName(c.req.param('name'))
    const caller = await permit(c, asked, 'push')
    const { name, on } = await destinationOf(c, options.upstreams?.find, asked)
    const reference = parseReference(c.req.param('reference'))
    const tags = readTags(c, reference)
    const condition = readCondition(c, reference)
    if (on && condition !== undefined) {
      throw new RequestError(
        'PARAMETER_INVALID',
        `${quoted(name)} is pushed on to another registry, which knows no condition on a tag: push without If-Match and If-None-Match`,
      )
    }
    const bytes = await readBody(c, options.registry.memory, {
      what: 'manifest',
      limit: MAX_MANIFEST_BYTES,
    })
    const contentType = c.req.header('Content-Type')
    const names = reference.tag === undefined ? tags : [reference.tag]
    const old = await options.schema1?.push(name, names, bytes, contentType)
    const override = mayOverride(c, caller, name)
    const first = on?.manifest(reference, tags, bytes)
    const pushing = manifests.push(name, reference, old?.payload ?? bytes, contentType, {
      tags,
      override,
      origin: eventOrigin(c),
      ...(condition === undefined ? {} : { condition }),
      ...(first && { first }),
      ...(old && { read: old.read }),
    })
    const pushed = await pushing.finally(() => first?.end())
    const { digest, manifest } = pushed
    await first?.done(digest)
    auditOverrides(c, name, pushed.overridden, `moved to ${digest}`)
    for (const tag of tags) c.header('OCI-Tag', tag, { append: true })
    // Without it, clients see to the fallback tag: an upstream may need that.
    if (manifest.subject && first?.listed !== false) {
      c.header('OCI-Subject', manifest.subject.digest)
    }
    addWarnings(c, pushed)
    c.header('Location', `/v2/${name}/manifests/${digest}`)
    c.header('Docker-Content-Digest', digest)
    c.header('ETag', `"${digest}"`)
    return empty(c, 201)
  })

  app.delete(PATH, async (c) => {
    const name = parseName(c.req.param('name'))
    const caller = await permit(c, name, 'delete')
    const overridden = await manifests.remove(name, parseReference(c.req.param('reference')), {
      by: nameOf(caller.identity),
      override: mayOverride(c, caller, name),
      origin: eventOrigin(c),
    })
    auditOverrides(c, name, overridden, 'deleted')
    return empty(c, 202)
  })
}
