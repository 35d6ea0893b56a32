/**
 * How many bytes a manifest holds alone.
 *
 * @module
 */
import { expect, test } from 'vitest'
import { needsOf } from '../../../functions/registry/clean-up/needs.ts'
import { measuring } from '../../../functions/registry/clean-up/own-bytes.ts'
import { OCI_MANIFEST } from '../../../functions/registry/media-types.ts'
import {
  blob,
  CONFIG,
  type Content,
  descriptorOf,
  imageOf,
  indexOf,
} from '../../support/hosts/content.ts'

const [A, B] = [blob('a', 1000), blob('b', 2000)]
const [ONE, TWO] = [imageOf([A]), imageOf([A, B])]
const LIST = indexOf([ONE, TWO])
const SIGNATURE = imageOf([B], { subject: descriptorOf(OCI_MANIFEST, ONE) })

const sizeOf = ({ bytes }: Content): number => bytes.byteLength
const CONFIG_SIZE = sizeOf(CONFIG)

test.each<[string, Content, Content[], Content[], Content[], number]>([
  ['alone, it holds all', ONE, [ONE], [], [], sizeOf(ONE) + CONFIG_SIZE + 1000],
  ['what another needs is not its own', TWO, [ONE, TWO], [], [], sizeOf(TWO) + 2000],
  ['nor what the repository lacks', ONE, [ONE], [], [A], sizeOf(ONE) + CONFIG_SIZE],
  [
    'an index holds its children and all of theirs',
    LIST,
    [LIST, ONE, TWO],
    [],
    [],
    sizeOf(LIST) + sizeOf(ONE) + sizeOf(TWO) + CONFIG_SIZE + 3000,
  ],
  [
    'but those that have a tag',
    LIST,
    [LIST, ONE, TWO],
    [ONE],
    [],
    sizeOf(LIST) + sizeOf(TWO) + 2000,
  ],
  [
    'or are in another index',
    LIST,
    [LIST, indexOf([ONE]), ONE, TWO],
    [],
    [],
    sizeOf(LIST) + sizeOf(TWO) + 2000,
  ],
  [
    'or refer to what is there',
    indexOf([SIGNATURE]),
    [indexOf([SIGNATURE]), SIGNATURE, ONE],
    [],
    [],
    sizeOf(indexOf([SIGNATURE])),
  ],
])('%s', (_, of, there, tagged, absent, bytes) => {
  const measure = measuring({
    manifests: new Map(there.map((each) => [each.sha256, needsOf(each.bytes)!])),
    isTagged: (digest) => tagged.some(({ sha256 }) => sha256 === digest),
    hasBlob: (digest) => !absent.some(({ sha256 }) => sha256 === digest),
  })
  expect(measure(of.sha256)).toBe(bytes)
})
