/** When a registry is taken to be away, and when an image fails alone. */

import { expect, test } from 'vitest'
import { createTolerance } from '../../functions/transfer/copy/tolerance.ts'
import {
  BusyError,
  MissingError,
  RefusedError,
  TransferError,
} from '../../functions/transfer/errors.ts'

const missing = new MissingError('gone')
const refused = (status: number) => new RefusedError('no', status, undefined)
const cut = Object.assign(new Error('cut'), { code: 'ECONNRESET' })
const works = undefined

test.for<readonly [string, readonly (Error | undefined)[], boolean]>([
  ['images that are missing', [missing, missing, missing, missing], false],
  ['images that are refused', [refused(403), refused(413), refused(400), refused(403)], false],
  ['a log-in that is wanted', [refused(401), refused(401), refused(401)], true],
  ['a server that fails', [refused(503), cut, refused(500)], true],
  ['a server that fails now and then', [cut, cut, works, cut, cut, missing, cut], false],
  ['a disk that is full', Array(3).fill(Object.assign(new Error(), { code: 'ENOSPC' })), true],
  ['a server that wants to be left alone', [new BusyError('later', 3_600_000)], true],
  ['anything else that is wrong with an image', Array(9).fill(new TransferError('wrong')), false],
])('%s', ([, course, isOver]) => {
  const tolerance = createTolerance()
  for (const error of course) {
    if (error === undefined) tolerance.worked()
    else tolerance.failed(error)
  }
  expect(tolerance.given !== undefined).toBe(isOver)
})
