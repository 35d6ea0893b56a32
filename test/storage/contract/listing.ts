/**
 * The contract of listings, against a model that sorts all keys.
 *
 * @module
 */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { ListOptions, ObjectStore } from '../../../functions/storage/store.ts'
import { bytes, type Subject } from './harness.ts'

const compareBytes = (a: string, b: string): number =>
  Buffer.compare(Buffer.from(a), Buffer.from(b))

interface Names {
  readonly objects: string[]
  readonly prefixes: string[]
  readonly truncated: boolean
}

/** A listing as the port defines it. */
const model = (
  keys: readonly string[],
  prefix: string,
  { delimiter, startAfter = '', limit = 1000 }: ListOptions,
): Names => {
  const entries = new Set<string>()
  const rolled = new Set<string>()
  for (const key of keys.toSorted(compareBytes)) {
    if (!key.startsWith(prefix) || compareBytes(key, startAfter) <= 0) continue
    const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length)
    const entry = end < 0 ? key : key.slice(0, end + delimiter!.length)
    if (end >= 0) rolled.add(entry)
    entries.add(entry)
  }
  const shown = [...entries].slice(0, limit)
  return {
    objects: shown.filter((entry) => !rolled.has(entry)),
    prefixes: shown.filter((entry) => rolled.has(entry)),
    truncated: entries.size > limit,
  }
}

const namesOf = async (
  store: ObjectStore,
  prefix: string,
  options: ListOptions,
): Promise<Names> => {
  const { objects, prefixes, truncated } = await store.list(prefix, options)
  return { objects: objects.map(({ key }) => key), prefixes: [...prefixes], truncated }
}

/** More entries than any of these stores has. */
const MOST = 100

/** Reads all pages as a caller does: after a rolled-up prefix, it skips all keys that it can hold. */
const pages = async (store: ObjectStore, prefix: string, options: ListOptions): Promise<Names> => {
  const all: Names = { objects: [], prefixes: [], truncated: false }
  for (let startAfter = options.startAfter; ; ) {
    const page = await namesOf(
      store,
      prefix,
      startAfter === undefined ? options : { ...options, startAfter },
    )
    all.objects.push(...page.objects)
    all.prefixes.push(...page.prefixes)
    if (!page.truncated) return all
    // Services that mistake where a page begins may give the same again and again.
    assert.ok(all.objects.length + all.prefixes.length <= MOST, 'the pages end')
    assert.equal(page.objects.length + page.prefixes.length, options.limit)
    const [object = '', rolled = ''] = [page.objects.at(-1), page.prefixes.at(-1)]
    startAfter = compareBytes(object, rolled) > 0 ? object : `${rolled}\u{10ffff}`
  }
}

// Neighbours of the slash, upper and lower case, and two that UTF-8 and UTF-16 order differently.
const segment = fc.constantFrom(
  ...['a', 'b', 'a-', 'a.', 'a0', 'a-b', 'A', '!', '~', 'é', '日', '\uff5e', '\u{1f600}'],
)
const key = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))

const query = fc.record({
  prefix: fc.nat(),
  cut: fc.nat(),
  start: fc.option(fc.nat()),
  startCut: fc.nat(),
  tail: fc.constantFrom('', '', '', '!', '/', '\u{10ffff}'),
  rollUp: fc.boolean(),
  limit: fc.integer({ min: 1, max: 8 }),
})

/** The beginning of a key, cut between two characters. */
const beginning = (keys: readonly string[], which: number, cut: number): string => {
  const characters = Array.from(keys[which % keys.length] ?? '')
  return characters.slice(0, cut % (characters.length + 1)).join('')
}

/**
 * Declares the property of listings.
 *
 * @param usable which sets of keys the store can hold under the base
 */
export const listingProperty = (
  { store, test }: Subject,
  name: string,
  area: string,
  usable: (keys: readonly string[]) => boolean = () => true,
): void => {
  test(name, async (base, deviates) => {
    let run = 0
    const sets = fc.uniqueArray(key, { minLength: 1, maxLength: 14 }).filter(usable)
    const property = fc.asyncProperty(
      sets,
      fc.array(query, { minLength: 8 }),
      async (names, queries) => {
        const home = `${area}${base}${run++}/`
        const keys = names.map((each) => home + each)
        await Promise.all(keys.map((each) => store().put(each, bytes(each))))
        for (const { prefix, cut, start, startCut, tail, rollUp, limit } of queries) {
          const begin = home + beginning(names, prefix, cut)
          const startAfter = start === null ? '' : home + beginning(names, start, startCut) + tail
          const options: ListOptions = {
            limit,
            ...(rollUp && { delimiter: '/' }),
            ...(startAfter !== '' && { startAfter }),
          }
          const why = JSON.stringify({ begin, options })
          assert.deepEqual(await namesOf(store(), begin, options), model(keys, begin, options), why)
          const whole = model(keys, begin, { ...options, limit: 1000 })
          assert.deepEqual(await pages(store(), begin, options), whole, why)
        }
      },
    )
    await fc.assert(property, { numRuns: 25, endOnFailure: deviates })
  })
}

/** Declares the tests. */
export const listingTests = (subject: Subject): void => {
  const { store, test } = subject
  listingProperty(subject, 'listings are as the model has them', '')

  test('keys are in byte order around the slash', async (base) => {
    const keys = [
      'A',
      'a',
      'a!',
      'a-',
      'a-b',
      'a.',
      'a/',
      'a/b',
      'a0',
      'aa',
      'b',
      'é',
      '\uff5e',
      '\u{1f600}',
    ]
    const sorted = keys.filter((each) => each !== 'a/').map((each) => base + each)
    for (const each of sorted.toReversed()) await store().put(each, bytes('12345'))
    const { objects } = await store().list(base)
    assert.deepEqual(
      objects.map(({ key: each }) => each),
      sorted,
    )
    for (const { size, modified } of objects) {
      assert.equal(size, 5)
      assert.ok(Math.abs(modified.getTime() - Date.now()) < 60_000)
    }
  })

  test('an object is listed with its version', async (base) => {
    for (const text of ['one', 'two']) {
      await store().put(`${base}link`, bytes(text))
      const { objects } = await store().list(base)
      assert.deepEqual(
        objects.map(({ etag }) => etag),
        [(await store().head(`${base}link`))?.etag],
      )
    }
  })

  test('a prefix may end within a segment, and startAfter within a roll-up', async (base) => {
    for (const each of ['ab/1', 'ab/2', 'abc', 'ac/1', 'b'])
      await store().put(base + each, bytes(''))
    const rows: [string, string, string[], string[]][] = [
      ['a', '', ['abc'], ['ab/', 'ac/']],
      ['ab', '', ['abc'], ['ab/']],
      ['ab/', '', ['ab/1', 'ab/2'], []],
      ['a', 'ab/1', ['abc'], ['ab/', 'ac/']],
      ['a', 'ab/2', ['abc'], ['ac/']],
      ['a', 'ab/\u{10ffff}', ['abc'], ['ac/']],
      ['', 'abc', ['b'], ['ac/']],
      ['x', '', [], []],
    ]
    for (const [prefix, after, objects, prefixes] of rows) {
      const options: ListOptions = { delimiter: '/', startAfter: after === '' ? '' : base + after }
      assert.deepEqual(
        await namesOf(store(), base + prefix, options),
        {
          objects: objects.map((each) => base + each),
          prefixes: prefixes.map((each) => base + each),
          truncated: false,
        },
        `${prefix} after ${after}`,
      )
    }
  })

  test('what was deleted is no longer listed, nor rolled up', async (base) => {
    await store().put(`${base}a/b/c`, bytes(''))
    await store().put(`${base}d`, bytes(''))
    await store().delete([`${base}a/b/c`])
    const expected = { objects: [`${base}d`], prefixes: [], truncated: false }
    assert.deepEqual(await namesOf(store(), base, { delimiter: '/' }), expected)
  })

  for (const limit of [0, 1001, 1.5, Number.NaN]) {
    test(`limit ${limit} is refused`, async (base) => {
      await assert.rejects(store().list(base, { limit }), RangeError)
    })
  }
}
