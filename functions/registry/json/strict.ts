/**
 * JSON that every reader reads alike, within bounds: checked on the bytes, before anything is parsed.
 *
 * Readers differ in what they do with a member that is there twice, with names in another case (Go
 * takes `Layers` and `layerſ` for `layers`), with half a surrogate pair, with 1e3 where an integer is
 * expected, and with values of another type. Such a text means one thing to whoever checks it and
 * another to whoever runs it.
 *
 * @module
 */

import { JsonError } from './errors.ts'
import { ARRAY, NULL, NUMBER, OBJECT, QUOTE, type Tokens, tokensOf } from './tokens.ts'
import { walkOf } from './walk.ts'

/** What a value must be where a reader cares, or `any` where only the name of the field matters. */
export type Shape =
  | 'string'
  | 'integer'
  | 'any'
  | { readonly elements: Shape }
  | { readonly values: Shape }
  | { readonly fields: Readonly<Record<string, Shape>> }

/** How much is read of a text at most. */
export interface JsonLimits {
  /** Arrays and objects inside each other. */
  readonly depth: number
  /** Members of all objects and elements of all arrays, together. */
  readonly values: number
}

/** An array or object that is open. */
interface Level {
  /** What its items must be: by name, all the same, or undefined for anything. */
  shape: Shape | undefined
  isArray: boolean
  /** The names of an object's members so far. */
  readonly names: Set<string>
  /** The name or place of the item that is being read. */
  at: string | number
}

/** A name as Go compares it: Unicode's simple case folding, of which only s and k concern ASCII. */
const fold = (name: string): string =>
  name.toLowerCase().replaceAll('\u017F', 's').replaceAll('\u212A', 'k')

const foldedNames = new WeakMap<object, ReadonlyMap<string, string>>()

/** The fields of a shape by their folded names. */
const foldedOf = (fields: Readonly<Record<string, Shape>>): ReadonlyMap<string, string> => {
  const known = foldedNames.get(fields)
  if (known) return known
  const folded = new Map(Object.keys(fields).map((name) => [fold(name), name]))
  foldedNames.set(fields, folded)
  return folded
}

/** The kind of token that a shape begins with, and how it is called. */
const beginning = (shape: Exclude<Shape, 'any'>): readonly [number, string] => {
  if (shape === 'string') return [QUOTE, 'a string']
  if (shape === 'integer') return [NUMBER, 'an integer']
  return 'elements' in shape ? [ARRAY, 'a JSON array'] : [OBJECT, 'a JSON object']
}

/** Digits alone, exact in every reader's numbers. */
const isPlainInteger = (text: string): boolean =>
  /^(?:0|[1-9][0-9]*)$/.test(text) && Number(text) <= Number.MAX_SAFE_INTEGER

/** The levels of one text, and the checks of its items. */
const createChecker = (tokens: Tokens, root: Shape, limits: JsonLimits) => {
  const levels: Level[] = []
  let depth = 0
  let values = 0

  const fail = (why: string): JsonError => {
    const path = levels.slice(0, depth).map(({ at }) => String(at).slice(0, 80))
    return new JsonError([...(path.length > 0 ? [path.join('.')] : []), why].join(': '))
  }

  const enter = (shape: Shape | undefined, isArray: boolean): void => {
    if (depth === limits.depth) {
      throw new JsonError(
        `it has more than ${limits.depth} arrays and objects inside each other, the most that is accepted`,
      )
    }
    const level = levels[depth]
    depth += 1
    if (level === undefined) {
      levels.push({ shape, isArray, names: new Set(), at: -1 })
      return
    }
    level.names.clear()
    Object.assign(level, { shape, isArray, at: -1 })
  }

  /** What the item of the innermost level must be. */
  const expected = (): Shape | undefined => {
    const level = levels[depth - 1]
    if (depth === 0 || level === undefined) return root
    const { shape } = level
    if (typeof shape !== 'object') return undefined
    if ('elements' in shape) return shape.elements
    if ('values' in shape) return shape.values
    return Object.hasOwn(shape.fields, level.at) ? shape.fields[level.at] : undefined
  }

  /** Null is no value to all readers, but as an item of a list or a map it has no one meaning. */
  const mayBeNull = (): boolean => {
    const shape = levels[depth - 1]?.shape
    return depth > 0 && typeof shape === 'object' && 'fields' in shape
  }

  const checkType = (shape: Shape, kind: number): void => {
    if (shape === 'any' || (kind === NULL && mayBeNull())) return
    const [first, name] = beginning(shape)
    if (kind !== first) throw fail(`expected ${name}`)
    if (shape === 'integer' && !isPlainInteger(tokens.raw())) {
      throw fail(
        `expected an integer from 0 to ${Number.MAX_SAFE_INTEGER} in digits alone, not ${tokens.raw().slice(0, 40)}`,
      )
    }
  }

  return {
    value(kind: number): void {
      const level = levels[depth - 1]
      if (depth > 0 && level) {
        values += 1
        if (values > limits.values) {
          throw new JsonError(
            `it has more than ${limits.values} members and elements, the most that is accepted`,
          )
        }
        if (level.isArray) level.at = Number(level.at) + 1
      }
      const shape = expected()
      if (shape !== undefined) checkType(shape, kind)
      if (kind === ARRAY || kind === OBJECT) enter(shape, kind === ARRAY)
    },
    key(): void {
      const level = levels[depth - 1]
      if (level === undefined) return
      const name = tokens.text()
      level.at = name
      const { size } = level.names
      if (level.names.add(name).size === size) throw fail('it is there twice')
      if (typeof level.shape !== 'object' || !('fields' in level.shape)) return
      if (Object.hasOwn(level.shape.fields, name)) return
      const known = foldedOf(level.shape.fields).get(fold(name))
      if (known !== undefined) {
        throw fail(`some readers take it for ${known}: expected ${known}, or another name`)
      }
    },
    close(): void {
      depth -= 1
    },
  }
}

/**
 * Checks a JSON text in one pass over its bytes; memory is bounded by the limits. It can be interrupted.
 *
 * @param shape what the whole must be
 * @returns a function that checks about this many more values, and tells whether that was all. It throws
 *   JsonError naming the first thing that is wrong, and where
 * @throws JsonError if it is not UTF-8
 */
export const checkOf = (
  bytes: Uint8Array,
  shape: Shape,
  limits: JsonLimits,
): ((values: number) => boolean) => {
  const tokens = tokensOf(bytes, true)
  return walkOf(tokens, createChecker(tokens, shape, limits))
}

/** Checks a JSON text at once; see {@link checkOf}. */
export const checkJson = (...text: Parameters<typeof checkOf>): void => {
  checkOf(...text)(Number.POSITIVE_INFINITY)
}
