/**
 * Just enough XML to write S3's answers and to read its two request bodies.
 *
 * @module
 */
import { S3Error } from './errors.ts'

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
}

const escapeCharacter = (character: string): string => {
  const named = Object.keys(ENTITIES).find((entity) => ENTITIES[entity] === character)
  return named ?? `&#${character.codePointAt(0)};`
}

// Control characters travel as references: a parser would fold a bare carriage return into a newline.
const escapeText = (value: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped
  value.replace(/[&<>"\u0000-\u001f]/g, escapeCharacter)

const unescapeText = (value: string): string =>
  value.replace(/&(?:#(\d+)|#x([0-9a-f]+)|\w+);/gi, (entity, decimal?: string, hex?: string) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
    return ENTITIES[entity] ?? entity
  })

/** An element that holds text. */
export const text = (name: string, value: string | number | boolean): string =>
  `<${name}>${escapeText(String(value))}</${name}>`

/** An element that holds elements, already written. */
export const element = (name: string, ...children: readonly string[]): string =>
  `<${name}>${children.join('')}</${name}>`

/** A whole document; `namespace` is S3's unless given, and left out where empty. */
export const document = (
  root: string,
  namespace: string | undefined,
  ...children: readonly string[]
): string => {
  const xmlns = namespace ?? NAMESPACE
  const attribute = xmlns === '' ? '' : ` xmlns="${xmlns}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${children.join('')}</${root}>`
}

/** The inner XML of each element of a name; elements of one name must not nest. */
export const elements = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?(?:/>|>([\\s\\S]*?)</${name}\\s*>)`, 'g'))].map(
    (match) => match[1] ?? '',
  )

/** The text of the first element of a name, or undefined. */
export const field = (xml: string, name: string): string | undefined => {
  const inner = elements(xml, name)[0]
  return inner === undefined ? undefined : unescapeText(inner.trim())
}

/** The inner XML of a request body's root element. Throws MalformedXML where it is another. */
export const rootOf = (body: string, name: string): string => {
  const match = new RegExp(
    `^\\s*(?:<\\?xml[^>]*\\?>\\s*)?<${name}(?:\\s[^>]*)?>([\\s\\S]*)</${name}\\s*>\\s*$`,
  ).exec(body)
  if (match === null) throw new S3Error('MalformedXML')
  return match[1]!
}
