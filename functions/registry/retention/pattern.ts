/**
 * Patterns of repositories and tags in the rules. A tag has no slash, so `*` matches any part of it.
 *
 * @module
 */

import { matchTokens, wildcardTokens } from '../../shared/glob.ts'

/** Whether a name is as a pattern says. */
export type Matches = (name: string) => boolean

/** Longest pattern in characters; longer than any name. */
const MAX_PATTERN = 512

const fault = (text: string, strange: RegExp, what: string): string | undefined => {
  if (text === '') return 'it is empty'
  if (text.length > MAX_PATTERN) return `it is longer than ${MAX_PATTERN} characters`
  const [found] = text.match(strange) ?? []
  return found && `${JSON.stringify(found)} is not allowed in a ${what}`
}

/** What is wrong with a pattern of repositories, or undefined. */
export const repositoriesFault = (text: string): string | undefined => {
  const wrong = fault(text, /[^a-z0-9._/*-]/u, 'repository name; names are lower-case')
  if (wrong !== undefined) return wrong
  if (text.includes('***'))
    return '*** has no meaning: * matches within a component, ** across components'
  if (/^\/|\/\/|\/$/.test(text)) return 'it has an empty component, which no repository name has'
  return undefined
}

/** What is wrong with a pattern of tags, or undefined. */
export const tagsFault = (text: string): string | undefined => {
  const wrong = fault(text, /[^a-zA-Z0-9._*-]/u, 'tag')
  if (wrong !== undefined) return wrong
  return text.includes('**') ? 'a tag has no slash, so that * matches all there is' : undefined
}

/** Compiles patterns that have no fault: any of them may match. */
export const compilePatterns = (texts: readonly string[]): Matches => {
  const exact = new Set(texts.filter((text) => !text.includes('*')))
  const wild = texts.filter((text) => text.includes('*')).map(wildcardTokens)
  return (name) => exact.has(name) || wild.some((tokens) => matchTokens(tokens, name))
}
