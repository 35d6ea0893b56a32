/**
 * What a page, a push and a delete cost where there are very many tags, repositories or referrers
 * already. On the S3 of tests, in memory: its listings take as long for few keys as for many, so that
 * what grows is the registry's.
 *
 * @module
 */

import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { startS3 } from '../../test/emulators/s3/server.ts'
import { freePort } from '../../test/support/live/process.ts'
import { type Call, type Client, createClient, expect } from '../client/wire.ts'
import { slipwayPeer } from '../peers/slipway.ts'
import { measureUsage, residentBytes } from '../process-usage.ts'
import type { Grown } from '../results.ts'
import { summarize } from '../statistics.ts'
import { fill, manifestOf, NAME, numbered, SUBJECT, SUBJECT_DESCRIPTOR } from './fill.ts'

/** Entries of a page: the smallest list has one that begins in its middle. */
const PAGE = 50

/** Times pages are read and others are done; the first of them warms up and is not counted. */
const PAGES = 41
const TIMES = 11

/** Entries up to which a manifest is deleted by its digest, which reads every tag. */
const MOST_READ = 10_000

/** An operation: the request of the nth time. */
interface Operation {
  readonly operation: string
  readonly times?: number
  readonly call: (at: number) => Call
}

const get = (url: string): Call => ({ method: 'GET', url })

const put = (name: string, reference: string, body: Buffer): Call => ({
  method: 'PUT',
  url: `/v2/${name}/manifests/${reference}`,
  headers: { 'Content-Type': OCI_MANIFEST },
  body,
})

const remove = (name: string, reference: string): Call => ({
  method: 'DELETE',
  url: `/v2/${name}/manifests/${reference}`,
})

/** A signature or the like: a manifest that names the subject. */
const referrer = (at: number) =>
  manifestOf({ subject: SUBJECT_DESCRIPTOR, annotations: { new: `${at}` } })

const operationsOn = (of: Grown['of'], entries: number): readonly Operation[] => {
  const middle = Math.floor(entries / 2)
  switch (of) {
    case 'tags': {
      const list = `/v2/${NAME}/tags/list?n=${PAGE}`
      const lone = manifestOf({ annotations: { lone: 'true' } })
      return [
        { operation: 'first page', times: PAGES, call: () => get(list) },
        {
          operation: 'page in the middle',
          times: PAGES,
          call: () => get(`${list}&last=${numbered('t', middle - 1)}`),
        },
        { operation: 'push by tag', call: (at) => put(NAME, `new-${at}`, SUBJECT.bytes) },
        { operation: 'delete of a tag', call: (at) => remove(NAME, `new-${at}`) },
        { operation: 'push by digest', times: 1, call: () => put(NAME, lone.digest, lone.bytes) },
        ...(entries <= MOST_READ
          ? [{ operation: 'delete by digest', times: 1, call: () => remove(NAME, lone.digest) }]
          : []),
      ]
    }
    case 'repositories':
      return [
        { operation: 'first page', times: PAGES, call: () => get(`/v2/_catalog?n=${PAGE}`) },
        {
          operation: 'page in the middle',
          times: PAGES,
          call: () => get(`/v2/_catalog?n=${PAGE}&last=${numbered('growth/r', middle - 1)}`),
        },
        {
          operation: 'push by tag',
          call: (at) => put(numbered('growth/r', at), 'new', SUBJECT.bytes),
        },
        { operation: 'delete of a tag', call: (at) => remove(numbered('growth/r', at), 'new') },
      ]
    case 'referrers': {
      const referrers = `/v2/${NAME}/referrers/${SUBJECT.digest}`
      return [
        { operation: 'first page, nothing remembered', times: 1, call: () => get(referrers) },
        { operation: 'first page', times: PAGES, call: () => get(referrers) },
        {
          operation: 'push of a referrer',
          call: (at) => put(NAME, referrer(at).digest, referrer(at).bytes),
        },
        {
          operation: 'delete of a referrer',
          call: (at) => remove(NAME, referrer(at).digest),
        },
      ]
    }
  }
}

type Opened = {
  readonly client: Client
  readonly pid: number
  readonly s3: Awaited<ReturnType<typeof startS3>>
}

const measure = async (
  { client, pid, s3 }: Opened,
  { operation, times = TIMES, call }: Operation,
): Promise<Pick<Grown, 'operation' | 'milliseconds' | 'calls' | 'extraBytes'>> => {
  const took: number[] = []
  const resident = residentBytes(pid)
  const used = measureUsage(pid)
  for (let at = 0; at < times; at++) {
    s3.counter.reset()
    const begin = performance.now()
    await expect(client, [200, 201, 202], call(at))
    took.push(performance.now() - begin)
  }
  return {
    operation,
    milliseconds: summarize(took.length > 1 ? took.slice(1) : took),
    calls: s3.counter.counts,
    extraBytes: Math.max(0, used().peakBytes - resident),
  }
}

const grown = async (of: Grown['of'], entries: number, directory: string): Promise<Grown[]> => {
  const s3 = await startS3()
  fill(s3.objects, of, entries)
  const address = `127.0.0.1:${await freePort()}`
  const store = { ...s3 }
  const peer = slipwayPeer(undefined)
  const daemon = await peer.start({ address, store, redirects: true, directory })
  const client = createClient(`http://${address}`)
  try {
    // Not measured: the code of lists and pushes is read and compiled at its first use.
    for (const { call } of operationsOn('repositories', 1)) await client.send(call(0))
    const all: Grown[] = []
    for (const operation of operationsOn(of, entries)) {
      all.push({ of, entries, ...(await measure({ client, pid: daemon.pid, s3 }, operation)) })
    }
    return all
  } finally {
    client.close()
    await daemon.stop()
    await s3.close()
  }
}

/** Measures all operations at all sizes. @param tell is told what is going on */
export const measureGrowth = async (
  sizes: readonly number[],
  directory: string,
  tell: (line: string) => void,
): Promise<Grown[]> => {
  const all: Grown[] = []
  for (const kind of ['tags', 'repositories', 'referrers'] as const) {
    for (const entries of sizes) {
      for (const each of await grown(kind, entries, directory)) {
        const calls = Object.values(each.calls).reduce((sum, count) => sum + count, 0)
        tell(
          `${entries} ${kind}, ${each.operation}: ${each.milliseconds.median} ms, ${calls} calls`,
        )
        all.push(each)
      }
    }
  }
  return all
}
