/**
 * Parameters of a search.
 *
 * @module
 */

import type { Text, Wanted } from '../../search/manifests.ts'
import { quoted } from '../../shared/errors.ts'
import type { AppContext } from '../env.ts'
import { RequestError } from '../errors.ts'

/** Most characters of what is looked for. */
const MAX_LENGTH = 512

/** Most labels and annotations that are looked for at once. */
const MOST_TEXTS = 16

const wrong = (name: string, why: string): RequestError =>
  new RequestError('PARAMETER_INVALID', `invalid ${name}: ${why}`)

const checked = (name: string, text: string): string => {
  if (text.length > MAX_LENGTH) throw wrong(name, `expected at most ${MAX_LENGTH} characters`)
  return text
}

/** A parameter as it is; empty if it is not there. @throws RequestError PARAMETER_INVALID */
export const readQuery = (c: AppContext, name: string): string =>
  checked(name, c.req.query(name) ?? '').trim()

const readTexts = (c: AppContext, name: string): readonly Text[] =>
  (c.req.queries(name) ?? []).map((text) => {
    const at = checked(name, text).indexOf('=')
    const [key, value] = at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
    if (key === '') throw wrong(name, `${quoted(text)}: expected <key> or <key>=<value>`)
    return { key, value }
  })

const readDigest = (c: AppContext): Wanted['digest'] => {
  const text = readQuery(c, 'digest')
  if (text === '') return undefined
  const [, algorithm, hex] = /^(?:(sha256|sha512):)?([0-9a-f]{1,128})$/.exec(text) ?? []
  if (hex === undefined) {
    throw wrong('digest', `${quoted(text)}: expected the beginning of one, as in sha256:0123abc`)
  }
  return { algorithm, hex }
}

const distinct = (texts: readonly Text[]): readonly Text[] => [
  ...new Map(texts.map((each) => [JSON.stringify(each), each])).values(),
]

const readAllTexts = (c: AppContext): Pick<Wanted, 'labels' | 'annotations'> => {
  const labels = distinct(readTexts(c, 'label'))
  const annotations = distinct(readTexts(c, 'annotation'))
  if (labels.length + annotations.length > MOST_TEXTS) {
    throw wrong('label', `expected at most ${MOST_TEXTS} labels and annotations`)
  }
  return { labels, annotations }
}

/** What a request looks for. @throws RequestError PARAMETER_INVALID */
export const readWanted = (c: AppContext): Wanted => ({
  query: readQuery(c, 'q'),
  repository: readQuery(c, 'repository') || undefined,
  tag: readQuery(c, 'tag') || undefined,
  digest: readDigest(c),
  type: readQuery(c, 'type') || undefined,
  ...readAllTexts(c),
})

/** Whether it looks for manifests, and not for repositories alone. */
export const isOfManifests = ({ query: _, labels, annotations, ...rest }: Wanted): boolean =>
  labels.length + annotations.length > 0 || Object.values(rest).some((each) => each !== undefined)
