import { expect, test } from 'vitest'
import { missingOf } from './installed.ts'

test('programs are found on the PATH and by their path; the others are named', () => {
  const programs = ['sh', '/bin/sh', 'no-such-program', '/no/such/program', '/etc/passwd']
  expect(missingOf(programs, false)).toEqual(programs.slice(2))
})

test('in CI nothing counts as missing, so that what is fails', () => {
  expect(missingOf(['no-such-program'], true)).toEqual([])
})
