/**
 * Keeps what an edge takes for public in step with the policy.
 *
 * What is no longer public leaves the edge before the policy is written, and what is newly public comes to it once
 * all instances know. So the edge never answers what a policy that was acknowledged forbids.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { readDocument } from '../auth/document.ts'
import { MAX_AGE } from '../auth/live.ts'
import { parsePolicy } from '../auth/policy/parse.ts'
import { DENY_ALL, type Policy } from '../auth/policy/policy.ts'
import { publicPatterns } from '../auth/policy/public.ts'
import type { EdgeCache, EdgeCachePlace } from '../compose/aws/edge-cache.ts'
import { EDGE_CACHE_KEY, POLICY_KEY } from '../registry/layout.ts'
import * as z from '../shared/schema.ts'
import type { ObjectStore } from '../storage/store.ts'
import type { StoreIo } from './command.ts'
import { CommandError } from './errors.ts'

const place = z.object({ keyValueStore: z.string(), distribution: z.string() })

/** Where the edge of a registry looks, if it keeps anything. @throws CommandError for a damaged document */
export const readPlace = async (store: ObjectStore): Promise<EdgeCachePlace | undefined> => {
  const text = await readDocument(store, EDGE_CACHE_KEY)
  if (text === undefined) return undefined
  try {
    return place.parse(JSON.parse(text))
  } catch (cause) {
    const message = `${EDGE_CACHE_KEY} is damaged: give both flags of slipway policy publish`
    throw new CommandError(message, { cause })
  }
}

/** The policy in force. */
export const currentPolicy = async (store: ObjectStore): Promise<Policy> => {
  const text = await readDocument(store, POLICY_KEY)
  return text === undefined ? DENY_ALL : parsePolicy(text)
}

/** The paths of all that a pattern matches. */
const pathsOf = (pattern: string): string =>
  `/v2/${pattern.replace(/\*+$/, '')}${/\*$/.test(pattern) ? '' : '/'}*`

/** Takes all patterns but these from the edge. @returns those that are left */
const withdraw = async (cache: EdgeCache, wanted: readonly string[]): Promise<string[]> => {
  const listed = [...(await cache.list()).keys()]
  const gone = listed.filter((pattern) => !wanted.includes(pattern))
  await cache.change(gone, new Map())
  await cache.invalidate(gone.map(pathsOf))
  return listed.filter((pattern) => wanted.includes(pattern))
}

/**
 * Changes the policy, and what the edge takes for public with it; only the former where no edge keeps anything.
 *
 * @param write puts the policy in force; @returns whether anything was written
 * @throws EdgeCacheError; the policy is then not written, unless only the last step failed
 */
export const keepInStep = async (
  io: StoreIo,
  policy: Policy,
  write: () => Promise<boolean>,
): Promise<boolean> => {
  const at = await readPlace(io.store)
  if (at === undefined) return write()
  const cache = await io.openEdgeCache(at)
  const wanted = publicPatterns(policy)
  const left = await withdraw(cache, wanted)
  const written = await write()
  const added = wanted.filter((pattern) => !left.includes(pattern))
  if (added.length > 0) {
    io.say(`It takes ${MAX_AGE / 1000} s until all instances know; then the edge is told.`)
    await io.sleep(MAX_AGE)
    // A version is never used again: what was kept before a pattern left cannot come back with it.
    const versions = added.map(
      (pattern) => [pattern, randomBytes(9).toString('base64url')] as const,
    )
    await cache.change([], new Map(versions))
  }
  // Somebody else may have set another policy meanwhile.
  const kept = await withdraw(cache, publicPatterns(await currentPolicy(io.store)))
  io.say(
    kept.length === 0
      ? 'The edge keeps nothing: there is no public repository that it could look up.'
      : `The edge keeps what is pulled from ${kept.join(', ')}.`,
  )
  return written
}
