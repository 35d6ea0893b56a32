/**
 * The word that somebody meant.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { nearest } from '../../functions/shared/nearest.ts'

const WORDS = ['serve', 'reindex', 'user', 'list', 'listen', 'store', 's3-region']

test.each([
  ['sreve', 'serve'],
  ['serv', 'serve'],
  ['serves', 'serve'],
  ['usr', 'user'],
  ['lsit', 'list'],
  ['lisen', 'listen'],
  ['s3region', 's3-region'],
  ['re-index', 'reindex'],
  ['push', undefined],
  ['x', undefined],
  ['', undefined],
  ['s'.repeat(1000), undefined],
])('%j: %j', (word, expected) => expect(nearest(word, WORDS)).toBe(expected))
