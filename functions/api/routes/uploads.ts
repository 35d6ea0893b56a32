/**
 * Uploads: POST /v2/<name>/blobs/uploads/, and GET, PATCH, PUT, DELETE of the Location in its
 * response.
 *
 * @module
 */

import type { Hono } from 'hono'
import type { Access } from '../../auth/access.ts'
import { nameOf } from '../../auth/identity.ts'
import {
  CANONICAL,
  type Digest,
  isAlgorithm,
  isDigest,
  isName,
  parseDigest,
  parseName,
} from '../../registry/reference.ts'
import type { Incoming } from '../../registry/uploads/incoming.ts'
import { type UploadState, uploadEnded } from '../../registry/uploads/state.ts'
import { quoted } from '../../shared/errors.ts'
import { bodyOf } from '../body.ts'
import type { AppContext, AppEnv, AppOptions } from '../env.ts'
import { hasCode, RequestError } from '../errors.ts'
import { eventOrigin } from '../event-origin.ts'
import { identify, permit, reportLapse } from '../middleware/permit.ts'
import { parseContentLength, parseContentRange } from '../request.ts'
import { empty } from '../responses.ts'
import { setUploadLocation } from '../upload-location.ts'
import { offerParts, rangesOf, readWanted } from '../upload-parts.ts'
import { destinationOf } from '../upstreams.ts'

const START = '/v2/:name{.+}/blobs/uploads/'
const PATH = '/v2/:name{.+}/blobs/uploads/:uuid'

const incoming = (c: AppContext): Incoming => ({
  source: bodyOf(c),
  length: parseContentLength(c.req.header('Content-Length')),
  range: parseContentRange(c.req.header('Content-Range')),
})

const readDigest = (c: AppContext): Digest => {
  const digest = c.req.query('digest')
  if (digest !== undefined) return parseDigest(digest)
  throw new RequestError(
    'DIGEST_INVALID',
    'the query has no digest: finish an upload with PUT <location>&digest=sha256:<hex>',
  )
}

const readAlgorithm = (c: AppContext) => {
  const algorithm = c.req.query('digest-algorithm') ?? CANONICAL
  if (isAlgorithm(algorithm)) return algorithm
  throw new RequestError(
    'DIGEST_INVALID',
    `unsupported digest-algorithm ${quoted(algorithm)}: expected sha256 or sha512`,
  )
}

/** The pull scope that a mount needs beside push. A token without it makes the mount an upload. */
const mountSource = (c: AppContext): Access[] => {
  const from = c.req.query('mount') === undefined ? undefined : c.req.query('from')
  if (from === undefined || !isName(from)) return []
  return [{ type: 'repository', name: from, actions: ['pull'] }]
}

const created = (c: AppContext, name: string, digest: Digest): Response => {
  c.header('Location', `/v2/${name}/blobs/${digest}`)
  c.header('Docker-Content-Digest', digest)
  return empty(c, 201)
}

/** Registers the upload endpoints. */
export const uploadRoutes = (app: Hono<AppEnv>, options: AppOptions): void => {
  const { registry } = options
  const { blobs, uploads } = registry

  /** Sets the headers that say how far an upload is and how to continue it. */
  const describe = async (c: AppContext, state: UploadState): Promise<void> => {
    const token = await uploads.seal(state)
    const path = `/v2/${state.name}/blobs/uploads/${state.uuid}?_state=${token}`
    // Through the edge there is one name for everything, and bodies of any size go the right way.
    const origins = c.get('throughEdge') ? { publicUrl: options.publicUrl } : options
    setUploadLocation(c, origins, path, state.holder !== undefined)
    c.header('Range', `0-${Math.max(state.offset - 1, 0)}`)
    c.header('Docker-Upload-UUID', state.uuid)
  }

  /** @throws RegistryError BLOB_UPLOAD_INVALID when who started the upload may no longer push here */
  const checkHolder = async (
    c: AppContext,
    { holder, startedBy, name, uuid }: UploadState,
  ): Promise<void> => {
    const why = holder && (await c.get('authorizer').lapsed(holder, name))
    if (!why) return
    reportLapse(c, name, startedBy, why)
    throw uploadEnded(uuid, why)
  }

  /**
   * The state of the upload that the request continues. Whoever has it may go on as long as who started
   * the upload may push here, also after the token has expired. Without a valid state, the right to push
   * is checked, so that nobody learns more than from a POST.
   */
  const open = async (c: AppContext): Promise<UploadState> => {
    const name = parseName(c.req.param('name') ?? '')
    let state: UploadState
    try {
      state = await uploads.open(c.req.query('_state'), name, c.req.param('uuid') ?? '')
      await checkHolder(c, state)
    } catch (error) {
      await permit(c, name, 'push')
      throw error
    }
    // A state of version 1.0, or of a caller with too many claims to note: the request needs the right.
    if (state.holder === undefined) await permit(c, name, 'push')
    if (state.startedBy !== undefined) c.set('startedBy', state.startedBy)
    return state
  }

  /**
   * Whether the blob is in the repository now. A source that is no name, or that the caller may not
   * pull from, counts as absent: the blob is then uploaded, as after any mount that fails.
   */
  const mount = async (c: AppContext, name: string, digest: Digest): Promise<boolean> => {
    const from = c.req.query('from') || undefined
    if (from !== undefined && !isName(from)) return false
    const { allows, pullsEverything } = await identify(c, [])
    const allowed = from === undefined ? pullsEverything : allows(from, 'pull')
    return allowed && blobs.mount(name, digest, from, { origin: eventOrigin(c) })
  }

  /** Has a refusal of bytes tell the client where to continue. */
  const reportingProgress = async <T>(
    c: AppContext,
    state: UploadState,
    work: () => Promise<T>,
  ): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (hasCode(error, 'RANGE_INVALID', 'SIZE_INVALID', 'BLOB_TOO_LARGE')) {
        await describe(c, await uploads.latest(state))
      }
      throw error
    }
  }

  const start = async (c: AppContext): Promise<Response> => {
    const asked = parseName(c.req.param('name') ?? '')
    const caller = await permit(c, asked, 'push', mountSource(c))
    const { name, on } = await destinationOf(c, options.upstreams?.find, asked)
    const mounted = c.req.query('mount')
    if (mounted !== undefined && isDigest(mounted) && (await mount(c, name, mounted))) {
      on?.blob(mounted, c.req.query('from'))
      return created(c, name, mounted)
    }
    await (c.req.query('digest') === undefined
      ? registry.quotas.admitStart(name)
      : registry.quotas.admit(name))
    const state = uploads.begin(name, {
      algorithm: readAlgorithm(c),
      startedBy: nameOf(caller.identity),
      holder: caller.note(),
    })
    if (c.req.query('digest') !== undefined) {
      const digest = readDigest(c)
      await uploads.commit(state, digest, incoming(c), eventOrigin(c))
      on?.blob(digest)
      return created(c, name, digest)
    }
    await describe(c, state)
    await offerParts(c, options)
    return empty(c, 202)
  }

  app.post(START, start)
  // Without its slash the path is also a blob's: `all`, so that POST is not named as a blob's method.
  app.all(START.slice(0, -1), (c, next) => (c.req.method === 'POST' ? start(c) : next()))

  app.get(PATH, async (c) => {
    const state = await uploads.latest(await open(c))
    const received = await uploads.check(state)
    await describe(c, state)
    if (received !== undefined) c.header('Slipway-Parts', rangesOf(received))
    return c.body(null, 204)
  })

  app.post(PATH, async (c) => {
    const state = await open(c)
    const { declared, wanted } = await readWanted(c, registry.memory)
    const next = await uploads.presign(state, declared, wanted)
    await describe(c, next.state)
    c.header('Cache-Control', 'no-store')
    return c.json({ parts: next.parts })
  })

  app.patch(PATH, async (c) => {
    const state = await open(c)
    const next = await reportingProgress(c, state, async () => uploads.append(state, incoming(c)))
    await describe(c, next)
    return empty(c, 202)
  })

  app.put(PATH, async (c) => {
    const state = await open(c)
    const digest = readDigest(c)
    const { on } = await destinationOf(c, options.upstreams?.find, state.name)
    await registry.quotas.admit(state.name)
    await reportingProgress(c, state, async () =>
      uploads.commit(state, digest, incoming(c), eventOrigin(c)),
    )
    on?.blob(digest)
    return created(c, state.name, digest)
  })

  app.delete(PATH, async (c) => {
    await uploads.cancel(await open(c))
    return c.body(null, 204)
  })
}
