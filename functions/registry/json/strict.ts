/**
 * JSON that every reader reads alike, within bounds: checked on the bytes, and read as far as it is
 * asked for.
 *
 * Readers differ in what they do with a member that is there twice, with names in another case (Go
 * takes `Layers` and `layerſ` for `layers`), with half a surrogate pair, with 1e3 where an integer is
 * expected, and with values of another type. Such a text means one thing to whoever checks it and
 * another to whoever runs it.
 *
 * @module
 */

import type { Steps } from '../../shared/turns.ts'
import { JsonError } from './errors.ts'
import { beginning, isPlainInteger, type Shape, takenFor } from './shape.ts'
import { ARRAY, NULL, OBJECT, type Tokens, tokensOf } from './tokens.ts'
import { walk } from './walk.ts'

/** How much is read of a text at most. */
export interface JsonLimits {
  /** Arrays and objects inside each other. */
  readonly depth: number
  /** Members of all objects and elements of all arrays, together. */
  readonly values: number
  /** Members of one object. */
  readonly members: number
}

/** An array or object as it is read. */
type Collected = unknown[] | Record<string, unknown>

/** An array or object that is open. */
interface Level {
  /** What its items must be: by name, all the same, or undefined for anything. */
  shape: Shape | undefined
  isArray: boolean
  /** What is read of it; undefined where nobody asks for it. */
  read: Collected | undefined
  /** The names of an object's members so far. */
  readonly names: Set<string>
  /** The name or place of the item that is being read. */
  at: string | number
}

/** The levels of one text, the checks of its items, and their values. */
const createReader = (tokens: Tokens, root: Shape, limits: JsonLimits) => {
  const levels: Level[] = []
  let depth = 0
  let values = 0
  let result: unknown

  const fail = (why: string): JsonError => {
    const path = levels.slice(0, depth).map(({ at }) => String(at).slice(0, 80))
    return new JsonError([...(path.length > 0 ? [path.join('.')] : []), why].join(': '))
  }

  const enter = (shape: Shape | undefined, isArray: boolean, read: Collected | undefined): void => {
    if (depth === limits.depth) {
      throw new JsonError(
        `it has more than ${limits.depth} arrays and objects inside each other, the most that is accepted`,
      )
    }
    const level = levels[depth]
    depth += 1
    if (level === undefined) {
      levels.push({ shape, isArray, read, names: new Set(), at: -1 })
      return
    }
    level.names.clear()
    Object.assign(level, { shape, isArray, read, at: -1 })
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

  /** The value that begins here, of the right type; arrays and objects are still empty. */
  const begun = (shape: Shape, kind: number): unknown => {
    if (shape === 'any') return true
    if (kind === NULL) return null
    if (shape === 'string') return tokens.text()
    if (shape === 'integer') return Number(tokens.raw())
    // Names of a map are the client's.
    return kind === ARRAY ? [] : 'values' in shape ? Object.create(null) : {}
  }

  const collect = (value: unknown): void => {
    const level = levels[depth - 1]
    if (depth === 0 || level === undefined) result = value
    else if (Array.isArray(level.read)) level.read.push(value)
    else if (level.read) level.read[level.at] = value
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
      const container = kind === ARRAY || kind === OBJECT
      if (shape === undefined) {
        if (container) enter(undefined, kind === ARRAY, undefined)
        return
      }
      checkType(shape, kind)
      const read = begun(shape, kind)
      collect(read)
      if (container) enter(shape, kind === ARRAY, shape === 'any' ? undefined : (read as Collected))
    },
    key(): void {
      const level = levels[depth - 1]
      if (level === undefined) return
      const name = tokens.text()
      level.at = name
      const { size } = level.names
      if (level.names.add(name).size === size) throw fail('it is there twice')
      if (size === limits.members) {
        throw new JsonError(
          `it has an object of more than ${limits.members} members, the most that is accepted`,
        )
      }
      if (typeof level.shape !== 'object' || !('fields' in level.shape)) return
      if (Object.hasOwn(level.shape.fields, name)) return
      const known = takenFor(name, level.shape.fields)
      if (known !== undefined) {
        throw fail(`some readers take it for ${known}: expected ${known}, or another name`)
      }
    },
    close(): void {
      depth -= 1
    },
    result: () => result,
  }
}

/**
 * Checks and reads a JSON text in one pass over its bytes; memory is bounded by the limits.
 *
 * @param shape what the whole must be
 * @returns of what the shape names the values, for `any` only that it is there; nothing of the rest
 * @throws JsonError naming the first thing that is wrong, and where
 */
export function* readJson(bytes: Uint8Array, shape: Shape, limits: JsonLimits): Steps<unknown> {
  const tokens = tokensOf(bytes, true)
  const reader = createReader(tokens, shape, limits)
  yield* walk(tokens, reader)
  return reader.result()
}
