/**
 * What readers of a JSON text expect where.
 *
 * @module
 */

import { ARRAY, NUMBER, OBJECT, QUOTE } from './tokens.ts'

/** What a value must be where a reader cares, or `any` where only the name of the field matters. */
export type Shape =
  | 'string'
  | 'integer'
  | 'any'
  | { readonly elements: Shape }
  | { readonly values: Shape }
  | { readonly fields: Readonly<Record<string, Shape>> }

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

/** Characters beyond which no name is looked at: none that is known is as long, in whatever case. */
const LONG_NAME = 100

/** The field that some readers take a name for, which is none itself. */
export const takenFor = (
  name: string,
  fields: Readonly<Record<string, Shape>>,
): string | undefined => (name.length > LONG_NAME ? undefined : foldedOf(fields).get(fold(name)))

/** The kind of token that a shape begins with, and how it is called. */
export const beginning = (shape: Exclude<Shape, 'any'>): readonly [number, string] => {
  if (shape === 'string') return [QUOTE, 'a string']
  if (shape === 'integer') return [NUMBER, 'an integer']
  return 'elements' in shape ? [ARRAY, 'a JSON array'] : [OBJECT, 'a JSON object']
}

/** Digits alone, exact in every reader's numbers. */
export const isPlainInteger = (text: string): boolean =>
  /^(?:0|[1-9][0-9]{0,15})$/.test(text) && Number(text) <= Number.MAX_SAFE_INTEGER
