/**
 * Pushes of blobs, in every way that clients use.
 *
 * @module
 */

import { type Check, firstWrong, type Seen } from '../check.ts'
import type { Reply } from '../client.ts'
import { type Content, randomContent } from '../content.ts'
import type { Session } from '../session.ts'
import { Unmet } from '../unmet.ts'

const OCTETS = { 'Content-Type': 'application/octet-stream' }
/** Bytes of the blobs, small enough to pass through Lambda. */
const SIZE = 1_000_000

/** What is wrong with the response that ends an upload. */
const wrongCommit = (reply: Reply, { digest }: Content): string | undefined =>
  firstWrong(
    [reply.status === 201, 'the blob is not stored (expected 201)'],
    [reply.headers.has('Location'), 'there is no Location, which the specification requires'],
    [
      reply.headers.get('Docker-Content-Digest') === digest,
      'there is no Docker-Content-Digest, which docker up to 29.0 requires',
    ],
  )

/** What is wrong with the response to a part of a blob. */
const wrongPart = (reply: Reply, end: number): string | undefined =>
  firstWrong(
    [reply.status === 202, 'the bytes are not accepted (expected 202)'],
    [reply.headers.has('Location'), 'there is no Location'],
    [
      reply.headers.get('Range') === `0-${end - 1}`,
      'the Range is not what was sent: docker writes a wrong size into the manifest',
    ],
  )

const commit = async (session: Session, location: string, content: Content): Promise<Reply> => {
  const query = `digest=${encodeURIComponent(content.digest)}`
  const reply = await session.ask('PUT', session.resolve(location, query), { headers: OCTETS })
  if (reply.status === 201) session.pushed.blobs.add(content.digest)
  return reply
}

/** One PATCH with all of a blob, then an empty PUT. */
const patch = async (session: Session, chunked: boolean): Promise<Seen> => {
  const content = randomContent(SIZE)
  const sent = { headers: OCTETS, body: content.bytes, chunked }
  const part = await session.ask('PATCH', await session.begin(), sent)
  const range = part.headers.get('Range')
  const wrong = wrongPart(part, SIZE)
  if (wrong !== undefined) return { seen: `PATCH ${part.status}, Range ${range}`, wrong }
  const end = await commit(session, part.headers.get('Location') ?? '', content)
  return {
    seen: `PATCH ${part.status}, Range ${range}; PUT ${end.status}`,
    wrong: wrongCommit(end, content),
  }
}

/** Checks of pushing blobs. */
export const pushChecks: readonly Check[] = [
  {
    id: 'upload-start',
    asks: 'POST that starts an upload',
    advice: 'check the log; the Location must lead to this host: set publicUrl or --public-url',
    run: async (session) => {
      const reply = await session.ask('POST', 'blobs/uploads/')
      const location = reply.headers.get('Location') ?? ''
      const { host, pathname } = new URL(session.resolve(location), session.origin)
      const locations = reply.names.filter((name) => name.toLowerCase() === 'location').length
      return {
        seen: `${reply.status}, ${location.startsWith('/') ? 'relative' : 'absolute'} Location`,
        wrong: firstWrong(
          [reply.status === 202, 'no upload starts (expected 202)'],
          [locations === 1, `there are ${locations} Locations`],
          [
            host === new URL(session.origin).host,
            `it points to ${host}, and oras does not follow it`,
          ],
          [pathname.includes('/v2/'), 'its path lacks /v2/: docker would send no credentials'],
          [!pathname.includes('%'), 'its path is encoded, and containerd decodes it'],
        ),
        ...([401, 403].includes(reply.status)
          ? { instead: 'let the user push there: docs/access.md' }
          : {}),
      }
    },
  },
  {
    id: 'put',
    asks: 'blob in one PUT, as containerd and oras push',
    advice: 'look up the request id of the response in the log',
    run: async (session) => {
      const content = randomContent(SIZE)
      const query = `digest=${encodeURIComponent(content.digest)}`
      const url = session.resolve(await session.begin(), query)
      const reply = await session.ask('PUT', url, { headers: OCTETS, body: content.bytes })
      if (reply.status === 201) session.pushed.blobs.add(content.digest)
      return {
        seen: `${reply.status} after ${Math.round(reply.ms)} ms`,
        wrong: wrongCommit(reply, content),
      }
    },
  },
  {
    id: 'patch',
    asks: 'blob in one PATCH with a length, as skopeo and crane push',
    advice: 'look up the request id of the response in the log',
    run: (session) => patch(session, false),
  },
  {
    id: 'patch-chunked',
    asks: 'blob in one PATCH without a length, as docker and podman push',
    advice:
      'something in front refuses chunked bodies: push with containerd, docker 29, oras, regctl or skopeo, or run the Node server on the same bucket',
    run: (session) => patch(session, true),
  },
  {
    id: 'chunks',
    asks: 'blob in chunks with Content-Range, as regctl pushes large ones',
    advice:
      'Content-Range or the query of the Location is changed on the way: check what is in front',
    run: async (session) => {
      const content = randomContent(SIZE)
      const half = SIZE / 2
      const send = (url: string, from: number, to: number) =>
        session.ask('PATCH', url, {
          headers: { ...OCTETS, 'Content-Range': `${from}-${to - 1}` },
          body: content.bytes.subarray(from, to),
        })
      const first = await send(await session.begin(), 0, half)
      if (first.status !== 202)
        return { seen: `${first.status}`, wrong: 'chunks are not accepted (expected 202)' }
      const at = session.resolve(first.headers.get('Location') ?? '')
      const outOfOrder = await send(at, half + 1, SIZE)
      const status = await session.ask('GET', at)
      const second = await send(at, half, SIZE)
      const end = await commit(session, second.headers.get('Location') ?? at, content)
      const statuses = [first, outOfOrder, status, second, end].map((each) => each.status)
      return {
        seen: `${statuses.join(', ')}`,
        wrong:
          firstWrong(
            [outOfOrder.status === 416, 'a chunk out of order is not refused (expected 416)'],
            [status.status === 204, 'its status cannot be read (expected 204)'],
            [status.headers.get('Range') === `0-${half - 1}`, 'its status has a wrong Range'],
          ) ??
          wrongPart(second, SIZE) ??
          wrongCommit(end, content),
      }
    },
  },
  {
    id: 'upload-status',
    asks: 'HEAD of an upload',
    advice: 'check the log: HEAD requests may be changed on the way',
    run: async (session) => {
      const reply = await session.ask('HEAD', await session.begin())
      return {
        seen: `${reply.status}, Range ${reply.headers.get('Range')}`,
        wrong: firstWrong(
          [reply.status === 204, 'its status cannot be read (expected 204)'],
          [reply.headers.has('Range'), 'there is no Range'],
        ),
      }
    },
  },
  {
    id: 'wrong-digest',
    asks: 'blob under a digest that is not its own',
    advice: 'stop using this registry: it stores what it has not verified',
    run: async (session) => {
      const [declared, sent] = [randomContent(10), randomContent(10)]
      const url = session.resolve(await session.begin(), `digest=${declared.digest}`)
      const reply = await session.ask('PUT', url, { headers: OCTETS, body: sent.bytes })
      const head = await session.follow('HEAD', `blobs/${declared.digest}`)
      return {
        seen: `PUT ${reply.status}, HEAD ${head.reply.status}`,
        wrong: firstWrong(
          [reply.status === 400, 'it is not refused (expected 400)'],
          [head.reply.status === 404, 'it can be read'],
        ),
      }
    },
  },
  {
    id: 'mount',
    asks: 'mount of an existing blob',
    advice: 'none: clients push the blob again',
    run: async (session) => {
      const { layer } = await session.image()
      const query = `mount=${layer.digest}&from=${session.repository}`
      const reply = await session.ask('POST', `blobs/uploads/?${query}`)
      if (reply.status === 401) throw new Unmet('401')
      return {
        seen: `${reply.status}`,
        wrong: firstWrong([reply.status === 201, 'it is not mounted (expected 201)']),
      }
    },
  },
]
