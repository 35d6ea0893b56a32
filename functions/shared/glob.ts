/**
 * Patterns of repository names: `*` matches any characters within a component, `**` any characters
 * across components, `${user}` the caller's name; everything else matches itself.
 *
 * Matching follows all paths through the pattern in parallel, so for any pattern its time is at most
 * the product of both lengths; a backtracking regular expression could take exponentially longer.
 *
 * @module
 */

/** Longest pattern in characters; longer than any repository name. */
export const MAX_GLOB = 512

const USER = `\${user}`

/** Replaced by the caller's name. */
const CALLER = Symbol(USER)

/** One component of a repository name, by the grammar of distribution-spec. */
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/

/** A compiled pattern. */
export interface Glob {
  /** As written. */
  readonly text: string
  /** Whether it matches every repository for every caller. */
  readonly matchesAll: boolean
  /**
   * Whether it can match anything for this caller: `${user}` needs a name that can be a component.
   */
  usable(user: string): boolean
  /**
   * Whether it matches a repository.
   *
   * @param user the caller's name, which replaces `${user}`; empty for anonymous callers
   */
  matches(repository: string, user: string): boolean
}

/** What is wrong with a pattern, or undefined. */
export const globFault = (text: string): string | undefined => {
  if (text === '') return 'it is empty'
  if (text.length > MAX_GLOB) return `it is longer than ${MAX_GLOB} characters`
  const rest = text.replaceAll(USER, '')
  if (rest.includes('$')) return `$ is only allowed in ${USER}`
  const strange = rest.match(/[^a-z0-9._/*-]/u)?.[0]
  if (strange !== undefined) {
    return `${JSON.stringify(strange)} is not allowed in a repository name; names are lower-case`
  }
  if (text.includes('***'))
    return '*** has no meaning: * matches within a component, ** across components'
  if (/^\/|\/\/|\/$/.test(text)) return 'it has an empty component, which no repository name has'
  return undefined
}

/** A character, or a wildcard. */
type Token = string | typeof WITHIN | typeof ACROSS

/** Any characters but a slash. */
const WITHIN = Symbol('*')
/** Any characters. */
const ACROSS = Symbol('**')

const passes = (wildcard: Token, character: string): boolean =>
  wildcard === ACROSS || (wildcard === WITHIN && character !== '/')

const isWildcard = (token: Token | undefined): boolean => token === WITHIN || token === ACROSS

/** Whether a text is as the tokens of a pattern say. */
export const matchTokens = (tokens: readonly Token[], text: string): boolean => {
  // Adds a position in the pattern, and those behind wildcards, which may match nothing.
  const reach = (positions: Set<number>, position: number): void => {
    for (let at = position; ; at++) {
      positions.add(at)
      if (!isWildcard(tokens[at])) return
    }
  }
  let positions = new Set<number>()
  reach(positions, 0)
  for (const character of text) {
    const next = new Set<number>()
    for (const position of positions) {
      const token = tokens[position]
      if (token === character) reach(next, position + 1)
      else if (token !== undefined && passes(token, character)) reach(next, position)
    }
    if (next.size === 0) return false
    positions = next
  }
  return positions.has(tokens.length)
}

/** The tokens of a pattern in which everything but wildcards stands for itself. */
export const wildcardTokens = (text: string): Token[] =>
  (text.match(/\*\*|\*|./gu) ?? []).map((part) =>
    part === '*' ? WITHIN : part === '**' ? ACROSS : part,
  )

const tokensOf = (text: string): (Token | typeof CALLER)[] =>
  text
    .split(USER)
    .flatMap((part, at) => (at === 0 ? wildcardTokens(part) : [CALLER, ...wildcardTokens(part)]))

/**
 * Compiles a pattern that {@link globFault} finds nothing wrong with.
 *
 * The caller's name is inserted literally, and only if it is a component of a repository name: a name
 * with a slash or a wildcard could match more than it should.
 */
export const compileGlob = (text: string): Glob => {
  const tokens = tokensOf(text)
  const usable = (user: string): boolean => !tokens.includes(CALLER) || COMPONENT.test(user)
  const exact = !text.includes('*') && !text.includes(USER)
  return {
    text,
    matchesAll: text === '**',
    usable,
    matches(repository, user) {
      if (exact) return repository === text
      if (!usable(user)) return false
      const filled = tokens.flatMap((token): Token[] => (token === CALLER ? [...user] : [token]))
      return matchTokens(filled, repository)
    },
  }
}
