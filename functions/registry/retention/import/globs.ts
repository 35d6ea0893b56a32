/**
 * Patterns of Go's doublestar, in which Harbor and zot write repositories and tags: `{a,b}`, `?`, `[a-z]` and `\`
 * beside `*` and `**`, which may be no component at all. What cannot be said here becomes two: patterns that match
 * at least as much, for what is kept, and patterns that match at most as much, for what is removed.
 *
 * @module
 */

/** What a pattern is here. */
export interface Patterns {
  /** They match whatever it matches, and perhaps more. */
  readonly atLeast: readonly string[]
  /** They match nothing that it does not match. */
  readonly atMost: readonly string[]
}

/** Most patterns that braces may stand for. */
const MAX_BRACES = 100

/** What the braces of a pattern stand for; undefined: too many, or they are not closed. */
const expand = (pattern: string): string[] | undefined => {
  const done: string[] = []
  const open = [pattern]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (done.length + open.length > MAX_BRACES) return undefined
    const found = innermost(next)
    if (found === undefined) {
      if (/[{}]/.test(next)) return undefined
      done.push(next)
      continue
    }
    const [before, choices, after] = found
    open.push(...choices.split(',').map((choice) => before + choice + after))
  }
  return done.reverse()
}

const innermost = (pattern: string): [string, string, string] | undefined => {
  const close = pattern.indexOf('}')
  const open = pattern.lastIndexOf('{', close)
  if (close === -1 || open === -1) return undefined
  return [pattern.slice(0, open), pattern.slice(open + 1, close), pattern.slice(close + 1)]
}

/** Wildcards that are unknown here, with what they match. */
const STRANGE = /\[(?:\\.|[^\]\\])*\]|\?|\\./gs

/** `a/**` is also `a`, and so on: `**` may be no component. */
const withNone = (pattern: string): string[] => {
  const none = [pattern]
  for (const each of none) {
    if (none.length > MAX_BRACES) break
    const shorter = [
      each.replace(/^\*\*\//, ''),
      each.replace(/\/\*\*$/, ''),
      each.replace('/**/', '/'),
    ]
    none.push(...shorter.filter((one) => one !== '' && !none.includes(one)))
  }
  return none
}

/**
 * Converts a pattern.
 *
 * @param allowed what names are made of, and `*`: what has another character matches none
 */
const convert = (pattern: string, allowed: RegExp): Patterns => {
  if (pattern === '') return { atLeast: ['**'], atMost: ['**'] }
  // Braces and brackets may be escaped; then only what is surely wide enough is taken.
  const expanded = /\\[{}[\]]|\[[^\]]*[{}]/.test(pattern) ? undefined : expand(pattern)
  if (expanded === undefined) return { atLeast: ['**'], atMost: [] }
  const atLeast = expanded.flatMap((each) =>
    withNone(each.replaceAll(STRANGE, '*').replaceAll(/\*{3,}/g, '**')),
  )
  const atMost = expanded
    .filter((each) => !/[?[\]\\]/.test(each))
    // Within a component, two are one.
    .map((each) =>
      each.replaceAll(/[^/]*\*\*[^/]*/g, (part) =>
        part === '**' ? part : part.replaceAll(/\*+/g, '*'),
      ),
    )
  const valid = (each: string): boolean => each !== '' && allowed.test(each)
  return {
    atLeast: [...new Set(atLeast)].filter(valid),
    atMost: [...new Set(atMost)].filter(valid),
  }
}

/** A pattern of repositories. */
export const repositoryPatterns = (pattern: string): Patterns =>
  convert(pattern, /^[a-z0-9._*-]+(?:\/[a-z0-9._*-]+)*$/)

/** A pattern of tags. A tag has no slash. */
export const tagPatterns = (pattern: string): Patterns => {
  const { atLeast, atMost } = convert(pattern, /^[a-zA-Z0-9._*-]+$/)
  const single = (all: readonly string[]): string[] => [
    ...new Set(all.map((each) => each.replaceAll(/\*+/g, '*'))),
  ]
  return { atLeast: single(atLeast), atMost: single(atMost) }
}

/** Whether a pattern is said exactly. */
export const isExact = ({ atLeast, atMost }: Patterns): boolean =>
  atLeast.length === atMost.length && atLeast.every((each) => atMost.includes(each))
