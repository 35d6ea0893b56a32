/**
 * Layers of a usual size, wherever the registry takes them, and the host that does.
 *
 * @module
 */

import { type Check, firstWrong, type Seen } from '../check.ts'
import type { Reply } from '../client.ts'
import { type LargeContent, randomContent } from '../content.ts'
import { CONTAINERD, DOCKER, LARGE, type Session } from '../session.ts'
import { Unmet } from '../unmet.ts'

const OCTETS = { 'Content-Type': 'application/octet-stream' }
const MB = 1_000_000
/** Bytes of a blob for which only the way counts. */
const SMALL = 100_000

const NO_HOST = 'skipped: no upload host'
const NO_WAY = 'skipped: the upload host cannot be reached'

const ADVICE =
  'give uploads a host that takes bodies of any size: the Web Function, or a Node server on the same bucket (docs/deploy.md)'

/** Where it went, and how fast. */
const journey = (session: Session, url: string, started: number): string => {
  const { origin, host } = new URL(url)
  const seconds = (performance.now() - started) / 1000
  const speed = `${(LARGE / MB / seconds).toFixed(0)} MB/s`
  return origin === session.origin ? speed : `at ${host}, ${speed}`
}

/** @throws Unmet where such a body has nowhere to go, which is known of API Gateway by itself */
const expectHost = async (session: Session, url: string, { status }: Reply): Promise<void> => {
  if (status !== 413 || new URL(url).origin !== session.origin) return
  if ((await session.uploadHost()) === undefined) throw new Unmet(`${NO_HOST}, and 413 here`)
}

/** Starts an upload where it can go on. @throws Unmet */
const beginThere = async (session: Session, agent: string): Promise<string> => {
  const url = await session.begin(agent)
  const { origin } = new URL(url)
  if (origin !== session.origin && (await session.unreachable(origin))) throw new Unmet(NO_WAY)
  return url
}

const stored = (session: Session, reply: Reply, content: LargeContent): string | undefined => {
  if (reply.status === 201) session.pushed.blobs.add(content.digest)
  return firstWrong(
    [reply.status === 201, `the blob is not stored: PUT ${reply.status} (expected 201)`],
    [
      reply.headers.get('Docker-Content-Digest') === content.digest,
      'there is no Docker-Content-Digest, or another one',
    ],
  )
}

const commit = (session: Session, location: string, { digest }: { digest: string }) =>
  session.ask('PUT', session.resolve(location, `digest=${encodeURIComponent(digest)}`), {
    headers: OCTETS,
  })

const patchLarge = async (session: Session): Promise<Seen> => {
  const content = session.large()
  const url = await beginThere(session, DOCKER)
  const started = performance.now()
  const part = await session.ask('PATCH', url, { headers: OCTETS, body: content, chunked: true })
  await expectHost(session, url, part)
  const range = part.headers.get('Range')
  const seen = `PATCH ${part.status}, Range ${range}`
  const wrong = firstWrong(
    [part.status === 202, 'the bytes are not accepted (expected 202)'],
    [range === `0-${LARGE - 1}`, 'the Range is not what was sent'],
    [part.headers.has('Location'), 'there is no Location'],
  )
  if (wrong !== undefined) return { seen, wrong }
  const location = new URL(part.headers.get('Location') ?? '', url).href
  const end = await commit(session, location, content)
  return {
    seen: `${seen}; PUT ${end.status}; ${journey(session, url, started)}`,
    wrong: stored(session, end, content),
  }
}

const putLarge = async (session: Session): Promise<Seen> => {
  const content = session.large()
  const url = await beginThere(session, CONTAINERD)
  const started = performance.now()
  const end = await session.ask(
    'PUT',
    session.resolve(url, `digest=${encodeURIComponent(content.digest)}`),
    { headers: OCTETS, body: content },
  )
  await expectHost(session, url, end)
  return {
    seen: `PUT ${end.status}; ${journey(session, url, started)}`,
    wrong: stored(session, end, content),
  }
}

const followLocation = async (session: Session): Promise<Seen> => {
  const first = new URL(await session.begin(DOCKER))
  if (first.origin === session.origin) {
    throw new Unmet(session.pushHost ? 'skipped: uploads stay at this host' : NO_HOST)
  }
  const seen = `202, to ${first.host}`
  const wrong = firstWrong(
    [
      session.pushHost === undefined || first.origin === session.pushHost,
      `it does not lead to ${session.pushHost}`,
    ],
    [
      first.protocol === 'https:' || !session.origin.startsWith('https:'),
      'it leads from https to http: what is sent there can be read on the way',
    ],
    [first.pathname.includes('/v2/'), 'its path lacks /v2/'],
  )
  if (wrong !== undefined) return { seen, wrong }
  const unreachable = await session.unreachable(first.origin)
  if (unreachable !== undefined) return { seen, wrong: unreachable }
  const content = randomContent(SMALL)
  const part = await session.ask('PATCH', first.href, { headers: OCTETS, body: content.bytes })
  const next = new URL(part.headers.get('Location') ?? '', first).href
  if (part.status !== 202) {
    return { seen: `${seen}: PATCH ${part.status}`, wrong: 'the upload does not go on there' }
  }
  const end = await commit(session, next, content)
  if (end.status === 201) session.pushed.blobs.add(content.digest)
  const head = await session.follow('HEAD', `blobs/${content.digest}`)
  return {
    seen: `${seen}: PATCH 202, PUT ${end.status}; HEAD here ${head.reply.status}`,
    wrong: firstWrong(
      [end.status === 201, 'the upload does not end there (expected 201)'],
      [head.reply.status === 200, 'what was pushed there is not found here: it is another store'],
    ),
  }
}

/** Checks of large layers. */
export const largeChecks: readonly Check[] = [
  {
    id: 'location-followed',
    asks: 'POST as docker, and the upload at the host that it names, without credentials',
    advice:
      'the upload host must be a registry on the same bucket with the same keys: compare uploadOrigin with its address',
    run: followLocation,
  },
  {
    id: 'patch-50MB',
    asks: '50 MB in one PATCH without a length, as docker pushes',
    advice: ADVICE,
    run: patchLarge,
  },
  {
    id: 'put-50MB',
    asks: '50 MB in one PUT, as containerd and docker 29 push',
    advice: ADVICE,
    run: putLarge,
  },
]

/** A check made at the upload host, which is a registry of its own. */
const atUploadHost = (check: Check): Check => ({
  ...check,
  id: `push-host-${check.id}`,
  asks: `${check.asks}, at the upload host`,
  run: async (session) => {
    const origin = await session.uploadHost()
    if (origin === undefined) throw new Unmet(NO_HOST)
    if (await session.unreachable(origin)) throw new Unmet(NO_WAY)
    return check.run(session.at(origin))
  },
})

/** Some checks once more, at the upload host. */
export const uploadHostChecks = (checks: readonly Check[]): readonly Check[] =>
  checks.map(atUploadHost)
