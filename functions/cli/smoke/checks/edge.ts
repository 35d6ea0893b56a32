/**
 * A layer of the largest usual size, at the registry's own name.
 *
 * @module
 */

import { type Check, firstWrong, type Seen } from '../check.ts'
import { largeContent } from '../content.ts'
import { CONTAINERD, type Session } from '../session.ts'
import { Unmet } from '../unmet.ts'

/** Bytes. */
export const GIGABYTE = 1_000_000_000

const ADVICE =
  'an edge must pass bodies of uploads on as they come, and wait until the last of them ends (edgeUploadTimeout, docs/edge.md)'

const put = async (session: Session, size: number): Promise<Seen> => {
  const url = await session.begin(CONTAINERD)
  const { origin, host } = new URL(url)
  if (origin !== session.origin) {
    throw new Unmet(`skipped: uploads do not stay at this name, but go to ${host}`)
  }
  const content = largeContent(size)
  const started = performance.now()
  const end = await session.ask(
    'PUT',
    session.resolve(url, `digest=${encodeURIComponent(content.digest)}`),
    { headers: { 'Content-Type': 'application/octet-stream' }, body: content },
  )
  const seconds = (performance.now() - started) / 1000
  const seen = `PUT ${end.status} after ${seconds.toFixed(0)} s, ${(size / 1e6 / seconds).toFixed(0)} MB/s`
  if (end.status !== 201) {
    return { seen, wrong: `${size} bytes are not stored: PUT ${end.status} (expected 201)` }
  }
  session.pushed.blobs.add(content.digest)
  const { reply } = await session.follow('HEAD', `blobs/${content.digest}`)
  const length = reply.headers.get('Content-Length')
  return {
    seen: `${seen}; HEAD ${reply.status}, ${length} bytes`,
    wrong: firstWrong(
      [reply.status === 200, 'the blob is not there after it was pushed'],
      [
        length === String(size),
        `the blob has another length than the ${size} bytes that were sent`,
      ],
    ),
  }
}

/** The check, which is made only when it is asked for: what is sent costs something. @param size in bytes */
export const putAtEdge = (size: number): Check => ({
  id: 'put-1GB-edge',
  asks: '1 GB in one PUT at this name, as the edge takes it',
  advice: ADVICE,
  run: (session) => put(session, size),
})
