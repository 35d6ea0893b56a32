/**
 * Manifests: pushed, and read as clients read them.
 *
 * @module
 */

import { MAX_MANIFEST_BYTES } from '../../../registry/manifests.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../../registry/media-types.ts'
import type { Followed } from '../asking.ts'
import { type Check, firstWrong, type Seen } from '../check.ts'
import { type Content, manifestOf, manifestOfSize, newConfig } from '../content.ts'
import type { Session } from '../session.ts'

const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'

/** Several header lines, as docker and podman send them. */
const ACCEPT = { Accept: [DOCKER_MANIFEST, OCI_MANIFEST, OCI_INDEX] }

const REDIRECT_HEADS =
  'set the context value manifestHeads to redirect (SLIPWAY_MANIFEST_HEADS=redirect)'

/** What is wrong with the headers of a manifest. */
const wrongHeaders = ({ reply, elsewhere }: Followed, { bytes, digest }: Content) => {
  const { status, headers } = reply
  const length = headers.get('Content-Length')
  return firstWrong(
    [status === 200, 'it is not found (expected 200)'],
    [length !== null, 'there is no Content-Length: docker cannot push or pull'],
    [
      Number(length) === bytes.length,
      `Content-Length is ${length}, not ${bytes.length}: containerd cannot pull`,
    ],
    [headers.get('Content-Type') === OCI_MANIFEST, `its type is ${headers.get('Content-Type')}`],
    [
      headers.get('Docker-Content-Digest') === digest ||
        (elsewhere !== undefined && !headers.has('Docker-Content-Digest')),
      'there is no Docker-Content-Digest, or another one',
    ],
  )
}

const describe = ({ reply, elsewhere }: Followed): string => {
  const seen = `${reply.status}, ${reply.headers.get('Content-Length') ?? 'no'} bytes`
  if (elsewhere === undefined) return seen
  return reply.headers.has('Docker-Content-Digest')
    ? `307 and ${seen}`
    : `307 and ${seen}, no digest: oras needs digests instead of tags`
}

const head = async (session: Session, by: 'tag' | 'digest'): Promise<Seen> => {
  const { tag, manifest } = await session.image()
  const path = `manifests/${by === 'tag' ? tag : manifest.digest}`
  const found = await session.follow('HEAD', path, { headers: ACCEPT })
  return { seen: describe(found), wrong: wrongHeaders(found, manifest) }
}

const sameBytes = (found: Followed, { bytes }: Content): [boolean, string] => [
  found.reply.body.equals(bytes),
  `the ${found.reply.body.length} bytes received differ from those pushed`,
]

/** Checks of manifests. */
export const manifestChecks: readonly Check[] = [
  {
    id: 'manifest-put',
    asks: 'PUT of a manifest by tag',
    advice: 'look up the request id of the response in the log',
    run: async (session) => {
      const { config } = await session.image()
      const manifest = manifestOf(config, [], { annotations: { pushed: 'once more' } })
      const { status, headers } = await session.pushManifest('pushed', manifest)
      return {
        seen: `${status}`,
        wrong: firstWrong(
          [headers.has('Location'), 'there is no Location, which the specification requires'],
          [
            headers.get('Docker-Content-Digest') === manifest.digest,
            'there is no Docker-Content-Digest, which docker shows',
          ],
        ),
      }
    },
  },
  {
    id: 'manifest-head',
    asks: 'HEAD of a manifest by tag',
    advice: REDIRECT_HEADS,
    run: (session) => head(session, 'tag'),
  },
  {
    id: 'manifest-head-digest',
    asks: 'HEAD of a manifest by digest',
    advice: REDIRECT_HEADS,
    run: (session) => head(session, 'digest'),
  },
  {
    id: 'manifest-get',
    asks: 'GET of a manifest by tag, with three Accept lines',
    advice: 'something in front changes responses: switch compression and transformations off',
    run: async (session) => {
      const { tag, manifest } = await session.image()
      const found = await session.follow('GET', `manifests/${tag}`, { headers: ACCEPT })
      return {
        seen: describe(found),
        wrong: firstWrong(sameBytes(found, manifest)) ?? wrongHeaders(found, manifest),
      }
    },
  },
  {
    id: 'manifest-unchanged',
    asks: 'GET of a manifest with If-None-Match',
    advice: 'check what is in front: it drops If-None-Match or ETag',
    run: async (session) => {
      const { tag, manifest } = await session.image()
      const headers = { 'If-None-Match': `"${manifest.digest}"` }
      const { status, body } = await session.ask('GET', `manifests/${tag}`, { headers })
      return {
        seen: `${status}, ${body.length} bytes`,
        wrong: firstWrong([
          status === 304 && body.length === 0,
          'it is sent again in full (expected 304)',
        ]),
      }
    },
  },
  {
    id: 'manifest-4MiB',
    asks: 'push and pull of the largest manifest, 4 MiB',
    advice: 'manifests must be smaller here: split indexes, shorten annotations',
    run: async (session) => {
      const config = newConfig()
      await session.pushBlob(config)
      const manifest = manifestOfSize(config, MAX_MANIFEST_BYTES)
      const put = await session.ask('PUT', `manifests/${manifest.digest}`, {
        headers: { 'Content-Type': OCI_MANIFEST },
        body: manifest.bytes,
      })
      if (put.status !== 201)
        return { seen: `PUT ${put.status}`, wrong: 'it is not accepted (expected 201)' }
      session.pushed.manifests.add(manifest.digest)
      const found = await session.follow('GET', `manifests/${manifest.digest}`, { headers: ACCEPT })
      return {
        seen: `PUT ${put.status}, GET ${describe(found)}`,
        wrong: firstWrong(sameBytes(found, manifest)) ?? wrongHeaders(found, manifest),
      }
    },
  },
]
