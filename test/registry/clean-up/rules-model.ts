/**
 * What rules do to repositories, as somebody would do it who has a day for each: a model of tags and manifests,
 * without links and bytes.
 *
 * @module
 */
import type { Times } from '../../../functions/registry/clean-up/terms.ts'
import type { RetentionInput } from '../../../functions/registry/retention/schema.ts'
import type { Content } from '../../support/hosts/content.ts'
import { naively } from '../retention/naive.ts'

const PUSH = 35 * 60_000
const SECOND = 1000

interface Tag {
  digest: string
  pushed: number
}

interface Manifest {
  readonly content: Content
  readonly children: readonly string[]
  readonly subject: string | undefined
  state: 'plain' | 'condemned' | 'deleted'
  pushed: number
  /** When its link was last written. */
  written: number
}

/** A manifest that can be pushed. */
export interface Pushable {
  readonly content: Content
  readonly children?: readonly string[]
  readonly subject?: string
}

export interface Repository {
  readonly tags: Map<string, Tag>
  readonly manifests: Map<string, Manifest>
}

export const newRepository = (): Repository => ({ tags: new Map(), manifests: new Map() })

/** When the data of each manifest was last written, in any repository. */
export type Data = Map<string, number>

export const push = (
  { tags, manifests }: Repository,
  data: Data,
  { content, children = [], subject }: Pushable,
  tag: string | undefined,
  now: number,
): void => {
  const digest = content.sha256
  for (const each of children) {
    const child = manifests.get(each)
    if (child?.state !== 'condemned') continue
    Object.assign(child, { state: 'plain', pushed: now, written: now })
  }
  const pushed = { content, children, subject, state: 'plain', pushed: now, written: now } as const
  manifests.set(digest, { ...pushed })
  data.set(digest, now)
  if (tag !== undefined) tags.set(tag, { digest, pushed: now })
}

/** Deletes as a client does. @returns the tags that went with it */
export const remove = (
  { tags, manifests }: Repository,
  digest: string,
  now: number,
): readonly string[] => {
  const gone = [...tags].filter(([, each]) => each.digest === digest).map(([tag]) => tag)
  for (const tag of gone) tags.delete(tag)
  Object.assign(manifests.get(digest)!, { state: 'deleted', written: now })
  return gone
}

/** Brings back a manifest and tags of it. @returns false when nothing is left of it */
export const bringBack = (
  { tags, manifests }: Repository,
  digest: string,
  which: readonly string[],
  now: number,
): boolean => {
  const manifest = manifests.get(digest)
  if (manifest === undefined) return false
  if (manifest.state !== 'plain' || which.length > 0) {
    Object.assign(manifest, { state: 'plain', pushed: now, written: now })
  }
  for (const tag of which) if (!tags.has(tag)) tags.set(tag, { digest, pushed: now })
  return true
}

/** Does what a run does, and says so. @param date of the run */
export const clean = (
  name: string,
  { tags, manifests }: Repository,
  data: Data,
  document: RetentionInput,
  { grace, undelete }: Times,
  date: number,
): string[] => {
  const old = (time: number, span: number, at = date): boolean => time + span + SECOND < at
  const steps: string[] = []
  const all = [...manifests]
  const leaving = all.filter(
    ([, { state, written }]) => state === 'deleted' && old(written, Math.max(grace, undelete)),
  )
  const staying = all.filter((each) => !leaving.includes(each))
  const there = new Set(staying.map(([digest]) => digest))
  const named = new Set(staying.flatMap(([, { children }]) => children))
  const goes = new Set(
    naively(
      document,
      {
        name,
        tags: [...tags].map(([tag, each]) => ({ tag, ...each })),
        manifests: [
          ...staying.map(([digest, { pushed, state, subject }]) => ({
            digest,
            pushed,
            needed: state === 'deleted' || named.has(digest) || there.has(subject ?? ''),
          })),
          ...leaving.map(([digest, { pushed }]) => ({ digest, pushed, needed: true })),
        ],
        pullsSince: undefined,
      },
      date,
    ),
  )
  const tagsGoing = [...tags].filter(([tag, { digest, pushed }]) => {
    const manifest = manifests.get(digest)
    const young = manifest !== undefined && !old(manifest.written, PUSH)
    return goes.has(tag) && old(pushed, grace) && !young
  })
  for (const [digest] of leaving) {
    steps.push(`remove-manifest ${digest}`)
    manifests.delete(digest)
  }
  for (const [digest, each] of staying) {
    const set = (step: string, changes: object): void => {
      steps.push(`${step} ${digest}`)
      Object.assign(each, changes, { written: date })
    }
    const young = (at: number): boolean => !old(data.get(digest) ?? 0, PUSH, at)
    const keep = () => set('keep-manifest', { state: 'plain', pushed: date })
    if (!goes.has(digest)) {
      if (each.state === 'condemned') keep()
    } else if (!old(each.written, grace)) continue
    else if (each.state === 'plain') {
      if (!young(date)) set('condemn-manifest', { state: 'condemned' })
    } else if (young(each.written)) keep()
    else set('delete-manifest', { state: 'deleted' })
  }
  for (const [tag] of tagsGoing) {
    steps.push(`remove-tag ${tag}`)
    tags.delete(tag)
  }
  return steps.map((step) => `${name} ${step}`)
}

/** What is there, as text. */
export const pictureOf = (name: string, { tags, manifests }: Repository): string[] => [
  ...[...tags].map(([tag, { digest }]) => `${name}:${tag} ${digest}`),
  ...[...manifests].map(([digest, { state }]) => `${name}@${digest} ${state}`),
]
