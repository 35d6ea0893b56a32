/**
 * Reads documents that people write: YAML or JSON, checked by a schema.
 *
 * @module
 */

import { type Document, isNode, LineCounter, parseDocument, visit } from 'yaml'
import { DocumentError, quoted } from './errors.ts'
import type { z } from './schema.ts'
import { isTooDeep } from './yaml-depth.ts'
import { wordsOf } from './yaml-words.ts'

/** A kind of document. */
export interface DocumentKind<T> {
  /** What messages call it, as in `policy`. */
  readonly what: string
  readonly schema: z.ZodMiniType<T>
  /** The fields that the object at this path has, in words, for who wrote an unknown one. */
  readonly fieldsAt: (path: readonly PropertyKey[]) => string
  /**
   * Whether messages repeat a value that is wrong, where nobody writes a secret into such a document, not even by mistake.
   * Default: they have its place and what is expected.
   */
  readonly showsValues?: boolean
}

const HINT = 'put values in quotes that begin with *, & or !, or that contain { in a list'

const atLine = (counter: LineCounter, offset: number): string => {
  const { line, col } = counter.linePos(offset)
  return `line ${line}, column ${col}`
}

const pathText = (path: readonly PropertyKey[]): string =>
  path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .slice(1)

/** Offset in the text of the value at a path, or of what would contain it. */
const offsetOf = (document: Document, path: readonly PropertyKey[]): number => {
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return 0
}

const valueAt = (json: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined,
    json,
  )

/** The path of an issue: for an unknown field, that field. */
const pathOf = (issue: z.core.$ZodIssue): readonly PropertyKey[] =>
  issue.code === 'unrecognized_keys' ? [...issue.path, ...issue.keys.slice(0, 1)] : issue.path

/**
 * What is wrong inside a value that may be of several types: the issue of the type that it is of; of the first
 * one, where it is of none.
 */
const innermost = (issue: z.core.$ZodIssue): z.core.$ZodIssue => {
  if (issue.code !== 'invalid_union') return issue
  const [first] = issue.errors
  const isOther = ([one]: readonly z.core.$ZodIssue[]) =>
    one?.code === 'invalid_type' && one.path.length === 0
  const [inside] = issue.errors.find((each) => !isOther(each)) ?? first ?? []
  if (inside === undefined) return issue
  return innermost({ ...inside, path: [...issue.path, ...inside.path] })
}

const describe = (issue: z.core.$ZodIssue, json: unknown, kind: DocumentKind<unknown>): string => {
  const path = pathOf(issue)
  if (issue.code === 'unrecognized_keys') {
    return `${pathText(path)}: unknown field, expected ${kind.fieldsAt(path.slice(0, -1))}`
  }
  // A document that is a text is another file, of which nobody knows what it has in it.
  if (path.length === 0) return `the document: ${issue.message}`
  const value = kind.showsValues ? valueAt(json, path) : undefined
  // A private key may be where a public one belongs.
  const isPem = typeof value === 'string' && value.includes('-----BEGIN')
  const shown =
    ['string', 'number', 'boolean'].includes(typeof value) && !isPem
      ? ` is ${quoted(String(value))}`
      : ''
  return `${pathText(path)}${shown}: ${issue.message}`
}

/** The document as plain values. */
const readYaml = (
  what: string,
  text: string,
  document: Document.Parsed,
  counter: LineCounter,
): unknown => {
  const problem = document.errors[0] ?? document.warnings[0]
  if (problem !== undefined) {
    const hint = /[*&!{]/.test(text) ? ` (${HINT})` : ''
    const place = atLine(counter, problem.pos[0])
    throw new DocumentError(`${what}, ${place}: ${wordsOf(problem)}${hint}`)
  }
  visit(document, {
    Alias: (_, alias) => {
      const place = atLine(counter, alias.range?.[0] ?? 0)
      throw new DocumentError(`${what}, ${place}: this is an alias in YAML: ${HINT}`)
    },
  })
  return document.toJS()
}

/**
 * YAML or JSON as plain values.
 *
 * @throws DocumentError with line and column, and nothing of the text: it may have secrets in it
 */
export const plainYaml = (text: string): unknown => {
  if (isTooDeep(text)) throw new DocumentError('too deeply nested')
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false })
  const [problem] = document.errors
  if (problem !== undefined) {
    throw new DocumentError(`${wordsOf(problem)} at ${atLine(counter, problem.pos[0])}`)
  }
  try {
    return document.toJS()
  } catch {
    // Its message names the alias, which may be anything that begins with a star.
    throw new DocumentError('it has aliases of YAML that stand for nothing, or for too much')
  }
}

/**
 * Reads a document.
 *
 * @throws DocumentError with line and path, and what is expected
 */
export const parseYaml = <T>(text: string, kind: DocumentKind<T>): T => {
  const { what, schema } = kind
  if (isTooDeep(text)) throw new DocumentError(`${what}: too deeply nested`)
  const counter = new LineCounter()
  let document: Document.Parsed
  let json: unknown
  try {
    document = parseDocument(text, { lineCounter: counter, prettyErrors: false })
    json = readYaml(what, text, document, counter)
  } catch (cause) {
    if (cause instanceof DocumentError) throw cause
    // Without the cause: what YAML says may repeat the text.
    throw new DocumentError(`${what}: too deeply nested`)
  }
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const issue = innermost(result.error.issues[0]!)
  const place = atLine(counter, offsetOf(document, pathOf(issue)))
  throw new DocumentError(`${what}, ${place}: ${describe(issue, json, kind)}`)
}
