/**
 * `slipway upstreams refresh` and `purge`: what is here of upstreams' repositories.
 *
 * @module
 */

import { parseDigest, parseName, parseTag, type Reference } from '../../registry/reference.ts'
import { compilePatterns, repositoriesFault } from '../../registry/retention/pattern.ts'
import { parseUpstreams } from '../../upstreams/parse.ts'
import { routing } from '../../upstreams/route.ts'
import { CommandError, UsageError } from '../errors.ts'
import type { UpstreamsIo } from '../ways/upstreams-io.ts'
import { counted, inOneLine } from './undelete.ts'

/** The name here of a repository that comes from an upstream, by the document. */
const readRouting = async ({
  document,
}: UpstreamsIo): Promise<(name: string) => string | undefined> => {
  const text = await document()
  if (text === undefined) throw new CommandError('there are no upstreams')
  const routeOf = routing(parseUpstreams(text))
  return (name) => {
    const route = routeOf(name)
    return typeof route === 'object' ? route.local : undefined
  }
}

/** The repositories that a pattern matches, of those that are here and come from upstreams. */
const matching = async (io: UpstreamsIo, pattern: string): Promise<readonly string[]> => {
  const fault = repositoriesFault(pattern)
  if (fault !== undefined) throw new UsageError(`${JSON.stringify(pattern)}: ${fault}`)
  const localOf = await readRouting(io)
  const matches = compilePatterns([pattern])
  const names: string[] = []
  for await (const name of io.repositories()) {
    if (matches(name) && localOf(name) === name) names.push(name)
  }
  return names
}

interface RefreshGiven {
  readonly args: { readonly image: string }
}

/** Repositories, and which reference of one is meant; none: its tags. */
interface Wanted {
  readonly names: readonly string[]
  readonly reference?: Reference
}

const readWanted = async (io: UpstreamsIo, image: string): Promise<Wanted> => {
  const [, name = '', digest, tag] = image.match(/^([^:@]*)(?:@(.*)|:(.*))?$/) ?? []
  const isOne = digest !== undefined || tag !== undefined
  if (name.includes('*')) {
    if (isOne) throw new UsageError(`${image}: expected a pattern, or a tag or digest of one name`)
    return { names: await matching(io, name) }
  }
  const local = (await readRouting(io))(parseName(name))
  if (local === undefined) throw new CommandError(`${name} comes from no upstream`)
  const names = [local]
  if (digest !== undefined) return { names, reference: { digest: parseDigest(digest) } }
  return tag === undefined ? { names } : { names, reference: { tag: parseTag(tag) } }
}

/** `slipway upstreams refresh`. */
export const refreshUpstreams = async (
  io: UpstreamsIo,
  { args: { image } }: RefreshGiven,
): Promise<number> =>
  inOneLine(async () => {
    const { names, reference } = await readWanted(io, image)
    let [asked, failed] = [0, 0]
    for (const name of names) {
      for await (const { reference: of, digest, was, failure } of io.refresh(name, reference)) {
        asked += 1
        if (digest === undefined) {
          failed += 1
          io.say(failure ?? `${name}: ${of} cannot be had`)
          continue
        }
        const change = was === undefined ? 'new' : was === digest ? 'the same' : `was ${was}`
        io.print(`${name}${of.includes(':') ? '@' : ':'}${of}\t${digest}\t${change}`)
      }
    }
    io.say(`Asked for ${counted(asked, reference?.digest === undefined ? 'tag' : 'manifest')}.`)
    return failed > 0 ? 1 : 0
  })

interface PurgeGiven {
  readonly args: { readonly pattern: string }
  readonly flags: { readonly confirmed: boolean; readonly override: boolean }
}

/** `slipway upstreams purge`. */
export const purgeUpstreams = async (
  io: UpstreamsIo,
  { args: { pattern }, flags: { confirmed, override } }: PurgeGiven,
): Promise<number> => {
  const names = await matching(io, pattern)
  const all = counted(names.length, 'cached repository').replace('repositorys', 'repositories')
  if (!confirmed) {
    for (const name of names) io.print(name)
    io.say(`${all} would go. Nothing was changed: with --confirmed they go.`)
    return 0
  }
  const line = io.progress()
  let [manifests, failed, remaining] = [0, 0, false]
  for (const [at, name] of names.entries()) {
    line.show(`Purging ${name}: ${at} of ${names.length}`)
    try {
      const removed = await inOneLine(() => io.removeWhole(name, override))
      await io.forget(name)
      manifests += removed.deleted
      remaining ||= removed.remaining
      io.print(name)
    } catch (error) {
      if (!(error instanceof Error)) throw error
      failed += 1
      line.end()
      io.say(error.message)
    }
  }
  line.end()
  const gone = names.length - failed
  io.say(`${gone} of ${all} gone, with ${counted(manifests, 'manifest')}.`)
  if (remaining) io.say('The next clean-up goes on with some of them.')
  io.say('Their blobs go with the clean-up. The next pull fetches anew.')
  return failed > 0 ? 1 : 0
}
