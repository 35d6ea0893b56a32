/**
 * What is different about two images.
 *
 * @module
 */

import type { Image, Texts } from '../shapes.ts'

export interface Difference {
  readonly what: string
  readonly a: string | undefined
  readonly b: string | undefined
}

const pairs = (list: readonly string[] = []): Texts =>
  Object.fromEntries(
    list.map((each): [string, string] => {
      const at = each.indexOf('=')
      return at === -1 ? [each, ''] : [each.slice(0, at), each.slice(at + 1)]
    }),
  )

const under = (word: string, texts: Texts = {}): [string, string][] =>
  Object.entries(texts).map(([key, value]) => [`${word} ${key}`, value])

/** All that is said of an image, as names and values. */
const said = ({ mediaType, artifactType, annotations, image, chart }: Image) => {
  const { history: _, env, labels, ...run } = image ?? { history: [] }
  const plain = Object.entries({ mediaType, artifactType, ...run, ...chart }).flatMap(
    ([key, value]): [string, string][] => {
      if (value === undefined) return []
      return [[key, typeof value === 'string' ? value : JSON.stringify(value)]]
    },
  )
  return new Map([
    ...plain,
    ...under('env', pairs(env)),
    ...under('label', labels),
    ...under('annotation', annotations),
  ])
}

/** What is not the same, in order of names. */
export const differences = (first: Image, second: Image): readonly Difference[] => {
  const [a, b] = [said(first), said(second)]
  return [...new Set([...a.keys(), ...b.keys()])]
    .sort()
    .map((what) => ({ what, a: a.get(what), b: b.get(what) }))
    .filter((each) => each.a !== each.b)
}
