/**
 * Which clients get schema 1.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { DOCKER_MANIFEST, OCI_INDEX, SCHEMA1 } from '../../functions/registry/media-types.ts'
import { wantsSchema1Alone } from '../../functions/schema1/accept.ts'

const [PLAIN = '', SIGNED = ''] = SCHEMA1

test.each([
  [undefined, false],
  ['', false],
  ['*/*', false],
  ['application/json', false],
  [SIGNED, true],
  [PLAIN, true],
  [`${SIGNED};q=0.5 , ${PLAIN}`, true],
  [SIGNED.toUpperCase(), true],
  [`application/json, ${SIGNED}`, true],
  [`${SIGNED}, */*`, false],
  [`${SIGNED}, ${DOCKER_MANIFEST}`, false],
  [`${OCI_INDEX}, ${SIGNED}`, false],
])('Accept %s: %s', (accept, old) => {
  expect(wantsSchema1Alone(accept)).toBe(old)
})
