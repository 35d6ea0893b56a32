/**
 * Patterns of Go's doublestar, in which Harbor and zot name things, for tests.
 *
 * @module
 */

/** What each part of a pattern of doublestar is in a regular expression. */
const PARTS: readonly (readonly [part: RegExp, is: string])[] = [
  [/^\/\*\*(?=$|\/)/, '(?:/.*)?'],
  [/^\*\*$/, '.*'],
  [/^\*\*\//, '(?:.*/)?'],
  [/^\*+/, '[^/]*'],
  [/^\?/, '[^/]'],
  [/^\{/, '(?:'],
  [/^\}/, ')'],
  [/^,/, '|'],
  [/^\./, '\\.'],
]

/** Whether a text is as a pattern of doublestar says, for patterns without an escape. */
export const doublestar = (pattern: string, text: string): boolean => {
  if (pattern === '') return true
  let source = ''
  for (let rest = pattern; rest !== ''; ) {
    const begins = source === '' || pattern[pattern.length - rest.length - 1] === '/'
    const [part, is] = PARTS.find(
      ([each], at) => each.test(rest) && (begins || ![1, 2].includes(at)),
    ) ?? [/^./, rest[0] ?? '']
    source += is
    rest = rest.replace(part, '')
  }
  return new RegExp(`^(?:${source})$`).test(text)
}
