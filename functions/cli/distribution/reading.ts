/**
 * Reads a configuration of distribution key by key, so that none is passed over: what nobody has asked for in the end is
 * unknown.
 *
 * @module
 */

/** A value of YAML. */
export type Value = unknown
/** A map of YAML. */
export type Values = Readonly<Record<string, Value>>

/**
 * What becomes of a key. `needless`: it works like that by itself. `lacks`: there is nothing like it. `unknown`: it is no
 * key of distribution's.
 */
export interface Note {
  /** As `http.tls.key`. */
  readonly key: string
  readonly kind: 'needless' | 'lacks' | 'unknown'
  readonly why: string
}

/** A configuration that is being read. */
export interface Reading {
  /** A text; undefined where there is none, or an empty one. Numbers and switches are texts, too. */
  text(key: string): string | undefined
  /** Whether a switch is on; undefined where it is not there. */
  flag(key: string): boolean | undefined
  /** A list of texts; a single one is a list, too. */
  texts(key: string): readonly string[]
  /** The elements of a list, to be read by keys such as `0.name`. */
  count(key: string): number
  /** The names in a map. */
  names(key: string): readonly string[]
  has(key: string): boolean
  /** Notes all that is under a key, where there is something. */
  needless(key: string, why: string): void
  lacks(key: string, why: string): void
  /** Notes that what goes without saying there does not here. */
  differs(key: string, why: string): void
  /** All notes, and a last one for each key that nothing was asked of. */
  notes(): readonly Note[]
}

export const isMap = (value: Value): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A key that has no others in it. */
interface Leaf {
  readonly key: string
  /** Whether it might have had: then it is known by what that might have been. */
  readonly empty: boolean
}

/** Keys in the order of the file. */
const leavesOf = (value: Value, key: string): readonly Leaf[] => {
  const holds = isMap(value) || Array.isArray(value)
  const inside = holds ? Object.entries(value) : []
  if (inside.length === 0) return [{ key, empty: holds || value == null }]
  return inside.flatMap(([name, each]) => leavesOf(each, key === '' ? name : `${key}.${name}`))
}

const at = (config: Values, key: string): Value =>
  key
    .split('.')
    .reduce<Value>(
      (value, name) =>
        (isMap(value) || Array.isArray(value)) && Object.hasOwn(value, name)
          ? (value as Values)[name]
          : undefined,
      config,
    )

const textOf = (value: Value): string | undefined =>
  ['string', 'number', 'boolean'].includes(typeof value) && value !== '' ? `${value}` : undefined

/** Begins to read. Names of keys have no dots in them: such are headers alone, which are asked for as a map. */
export const readingOf = (config: Values): Reading => {
  const notes: Note[] = []
  const seen = new Set<string>()
  const see = (key: string): Value => {
    seen.add(key)
    return at(config, key)
  }
  const isSeen = (leaf: Leaf): boolean =>
    [...seen].some(
      (key) =>
        leaf.key === key ||
        leaf.key.startsWith(`${key}.`) ||
        (leaf.empty && key.startsWith(`${leaf.key}.`)),
    )
  const note = (kind: Note['kind']) => (key: string, why: string) => {
    if (see(key) !== undefined) notes.push({ key, kind, why })
  }
  return {
    text: (key) => textOf(see(key)),
    flag: (key) => {
      const text = textOf(see(key))
      return text === undefined ? undefined : /^(?:true|yes|on)$/i.test(text)
    },
    texts: (key) => [see(key)].flat().flatMap((each) => textOf(each) ?? []),
    count: (key) => {
      const value = at(config, key)
      if (Array.isArray(value)) return value.length
      return 0
    },
    names: (key) => {
      const value = at(config, key)
      return isMap(value) ? Object.keys(value) : []
    },
    has: (key) => at(config, key) !== undefined,
    needless: note('needless'),
    lacks: note('lacks'),
    differs: (key, why) => void notes.push({ key, kind: 'lacks', why }),
    notes: () => {
      const strange = leavesOf(config, '').filter((leaf) => leaf.key !== '' && !isSeen(leaf))
      const why = "is no key of distribution's that is known here"
      return [...notes, ...strange.map(({ key }): Note => ({ key, kind: 'unknown', why }))]
    },
  }
}
