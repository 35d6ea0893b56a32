/**
 * What happens to requests on their way: errors, encoded paths, long headers.
 *
 * @module
 */

import { type Check, firstWrong, type Seen } from '../check.ts'
import type { Reply } from '../client.ts'
import { jsonOf } from '../credentials.ts'
import type { Session } from '../session.ts'

const KIB = 1024

/** Code of an error in the form that the specification gives it. */
const codeOf = (reply: Reply): string | undefined => {
  const { errors } = (jsonOf(reply) ?? {}) as { errors?: { code?: string }[] }
  return errors?.[0]?.code
}

const expectError = (reply: Reply, status: number, code: string): Seen => ({
  seen: `${reply.status} ${codeOf(reply) ?? 'without a code'}`,
  wrong: firstWrong(
    [reply.status === status, `the status is not ${status}`],
    [codeOf(reply) === code, `the body is not JSON with ${code}: clients show nothing useful`],
  ),
})

const longAuthorization = (session: Session, size: number): Promise<Reply> =>
  session.client.send({
    method: 'GET',
    url: session.resolve(`/v2/${session.repository}/tags/list`),
    headers: { Authorization: `Bearer ${'x'.repeat(size)}` },
  })

/** Checks of what happens on the way. */
export const requestChecks: readonly Check[] = [
  {
    id: 'not-found',
    asks: 'GET of a tag that does not exist',
    advice: 'check what is in front: it answers instead of the registry',
    run: async (session) =>
      expectError(await session.ask('GET', 'manifests/no-such-tag'), 404, 'MANIFEST_UNKNOWN'),
  },
  {
    id: 'blob-not-found',
    asks: 'HEAD of a blob that does not exist',
    advice: 'clients take any status but 404 for a failure; check the log',
    run: async (session) => {
      const { reply } = await session.follow('HEAD', `blobs/sha256:${'0'.repeat(64)}`)
      return { seen: `${reply.status}`, wrong: firstWrong([reply.status === 404, 'it is not 404']) }
    },
  },
  {
    id: 'wrong-method',
    asks: 'PUT /v2/',
    advice: 'all methods must reach the registry: check what is in front',
    run: async (session) => expectError(await session.ask('PUT', '/v2/'), 405, 'UNSUPPORTED'),
  },
  {
    id: 'path-encoded',
    asks: 'GET of a manifest with sha256%3A for sha256: in the path',
    advice: 'check what is in front: it encodes the path once more',
    run: async (session) => {
      const { manifest } = await session.image()
      const path = `manifests/${manifest.digest.replace(':', '%3A')}`
      const { status, body } = await session.ask('GET', path)
      return {
        seen: `${status}`,
        wrong: firstWrong(
          [status === 200, 'encoded paths are not understood (expected 200)'],
          [body.equals(manifest.bytes), 'it is a different manifest'],
        ),
      }
    },
  },
  {
    id: 'path-slash',
    asks: 'GET of tags with %2F for / in the repository',
    advice: 'check what is in front: it answers instead of the registry',
    run: async (session) => {
      await session.image()
      const reply = await session.ask(
        'GET',
        `/v2/${session.repository.replaceAll('/', '%2F')}/tags/list`,
      )
      const decoded = reply.status === 200
      return {
        seen: decoded ? '200: read as a slash' : `${reply.status} ${codeOf(reply) ?? ''}`,
        wrong: firstWrong([
          decoded || (reply.status < 500 && codeOf(reply) !== undefined),
          'it is neither served nor refused by the registry',
        ]),
      }
    },
  },
  {
    id: 'header-5KiB',
    asks: 'Authorization of 5 KiB, as long as tokens get',
    advice: 'check what is in front: it must let 10 KiB of headers pass',
    run: async (session) => {
      const reply = await longAuthorization(session, 5 * KIB)
      const reached = reply.status === 200 || codeOf(reply) !== undefined
      return {
        seen: `${reply.status} ${codeOf(reply) ?? ''}`.trim(),
        wrong: firstWrong([reached, 'it does not reach the registry']),
      }
    },
  },
  {
    id: 'header-12KiB',
    asks: 'Authorization of 12 KiB: refused, or read',
    advice: 'clients with several long tokens see a failure they cannot explain; check the log',
    run: async (session) => {
      const { status } = await longAuthorization(session, 12 * KIB)
      return {
        seen: `${status}`,
        wrong: firstWrong([status < 500, 'it is reported as a failure of the registry']),
      }
    },
  },
]
