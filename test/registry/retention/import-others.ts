/**
 * Policies of Harbor and zot as they write them, and what the rules made of them remove from some manifests.
 *
 * @module
 */

import { evaluate, type RepositoryFacts } from '../../../functions/registry/retention/evaluate.ts'
import type { Imported } from '../../../functions/registry/retention/import/imported.ts'
import { parseRetention } from '../../../functions/registry/retention/parse.ts'

const DAY = 86_400_000
const NOW = 1_000 * DAY

/** Days ago that a thing was pushed, and pulled, and its tags. */
export type Thing = readonly [pushed: number, pulled: number, tags: readonly string[]]

export const factsOf = (name: string, things: readonly Thing[]): RepositoryFacts => ({
  name,
  tags: things
    .flatMap(([pushed, , tags], at) =>
      tags.map((tag) => ({ tag, digest: `sha256:${at}`, pushed: NOW - pushed * DAY })),
    )
    .sort((a, b) => (a.tag < b.tag ? -1 : 1)),
  manifests: things.map(([pushed, pulled], at) => ({
    digest: `sha256:${at}`,
    pushed: NOW - pushed * DAY,
    pulled: NOW - pulled * DAY,
    needed: false,
  })),
  pullsSince: 0,
})

export const goneBy = ({ document }: Imported, facts: RepositoryFacts): string[] =>
  evaluate(parseRetention(JSON.stringify(document)), facts, NOW)
    .filter(({ goes }) => goes)
    .map(({ tag, digest }) => tag ?? digest)
    .sort()

export const selector = (decoration: string, pattern: string, extras?: object) => ({
  kind: 'doublestar',
  decoration,
  pattern,
  ...(extras ? { extras: JSON.stringify(extras) } : {}),
})

/** A rule of Harbor, as its API gives it. */
export const harborRule = (
  template: string,
  count: number | undefined,
  tags = selector('matches', '**', { untagged: true }),
  repository = selector('repoMatches', '**'),
) => ({
  id: 1,
  priority: 0,
  disabled: false,
  action: 'retain',
  template,
  params: count === undefined ? {} : { [template]: count },
  tag_selectors: [tags],
  scope_selectors: { repository: [repository] },
})

export const harbor = (...rules: object[]): string =>
  JSON.stringify({
    id: 1,
    algorithm: 'or',
    rules,
    scope: { level: 'project', ref: 1 },
    trigger: { kind: 'Schedule', references: {}, settings: { cron: '' } },
  })

export const zot = (policies: readonly object[], more: object = {}): string =>
  JSON.stringify({
    http: { port: 1 },
    storage: { rootDirectory: '/z', retention: { policies, ...more } },
  })
