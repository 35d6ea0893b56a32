/**
 * Lifecycle policies of ECR as rules: those of its documentation's kinds, and what they then remove.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { evaluate } from '../../../functions/registry/retention/evaluate.ts'
import { importEcr } from '../../../functions/registry/retention/import/ecr.ts'
import { parseRetention } from '../../../functions/registry/retention/parse.ts'
import { retentionJsonSchema } from '../../../functions/registry/retention/schema.ts'

const DAY = 86_400_000
const NOW = 1_000 * DAY

interface Selection {
  readonly tagStatus: string
  readonly [field: string]: unknown
}

const rule = (rulePriority: number, selection: Selection, type = 'expire') => ({
  rulePriority,
  description: `rule ${rulePriority}`,
  selection,
  action: { type },
})

const policy = (...rules: object[]): string => JSON.stringify({ rules })

/** `dev1` to `dev4` and `prod1` to `prod4`, each a day older than the one before; one without a tag. */
const goneBy = (text: string): string[] => {
  const tags = ['dev', 'prod'].flatMap((kind) =>
    [1, 2, 3, 4].map((at) => ({
      tag: `${kind}${at}`,
      digest: `sha256:${kind}${at}`,
      pushed: NOW - at * DAY,
    })),
  )
  const manifests = [{ digest: 'sha256:bare', pushed: NOW - 20 * DAY, needed: false }]
  const document = JSON.stringify(importEcr(text, ['**']))
  const facts = { name: 'app', tags, manifests, pullsSince: 0 }
  return evaluate(parseRetention(document), facts, NOW)
    .filter(({ goes }) => goes)
    .map(({ tag, digest }) => tag ?? digest)
}

const untagged = { tagStatus: 'untagged' }
const days = (countType: string, countNumber: number) => ({
  countType,
  countUnit: 'days',
  countNumber,
})
const count = (countNumber: number) => ({ countType: 'imageCountMoreThan', countNumber })
const prefix = (...tagPrefixList: string[]) => ({ tagStatus: 'tagged', tagPrefixList })

for (const [title, text, gone] of [
  [
    'by age, untagged',
    policy(rule(1, { ...untagged, ...days('sinceImagePushed', 14) })),
    ['sha256:bare'],
  ],
  ['by age, too young', policy(rule(1, { ...untagged, ...days('sinceImagePushed', 21) })), []],
  ['by count, untagged', policy(rule(1, { ...untagged, ...count(1) })), []],
  [
    'by count and prefix',
    policy(rule(1, { ...prefix('prod'), ...count(1) })),
    ['prod2', 'prod3', 'prod4'],
  ],
  [
    'by count and pattern',
    policy(rule(1, { tagStatus: 'tagged', tagPatternList: ['*4'], ...count(1) })),
    ['prod4'],
  ],
  [
    'a rule of higher priority spares its tags from all others',
    policy(
      rule(2, { tagStatus: 'any', ...days('sinceImagePushed', 3) }),
      rule(1, { ...prefix('prod'), ...count(3) }),
    ),
    ['dev4', 'prod4', 'sha256:bare'],
  ],
  ['by pull', policy(rule(1, { ...prefix('dev'), ...days('sinceImagePulled', 3) })), ['dev4']],
] as const) {
  test(title, () => expect(goneBy(text).sort()).toEqual([...gone].sort()))
}

describe('what cannot be said here is refused', () => {
  for (const [title, text, why] of [
    ['all of several tags', policy(rule(1, { ...prefix('a', 'b'), ...count(1) })), /all of 2 tags/],
    ['an archive', policy(rule(1, { ...untagged, ...count(1) }, 'transition')), /archive/],
    ['no policy', '{"rule": []}', /^lifecycle policy, line 1/],
  ] as const) {
    test(title, () => expect(() => importEcr(text, ['**'])).toThrow(why))
  }
})

test('the published schema is current', () => {
  const path = new URL('../../../docs/retention.schema.json', import.meta.url)
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(retentionJsonSchema())
})
