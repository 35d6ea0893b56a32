/**
 * The memory that uploads may take, by the memory there is and by the setting.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { uploadMemoryFor } from '../../functions/compose/process-memory.ts'
import { readSettings } from '../../functions/compose/settings.ts'

const MIB = 1024 * 1024

test.each([
  [128, 48],
  [384, 48],
  [512, 64],
  [768, 96],
  [24 * 1024, 96],
])('a process with %i MiB takes %i MiB for uploads', (available, expected) => {
  expect(uploadMemoryFor(available * MIB)).toBe(expected * MIB)
})

test('this process takes a part of what it has', () => {
  expect(uploadMemoryFor()).toBeGreaterThanOrEqual(48 * MIB)
})

test.each([
  ['64', 64 * MIB],
  ['1024', 1024 * MIB],
])('--upload-memory %s', (value, expected) => {
  expect(readSettings([`--upload-memory=${value}`], {})['upload-memory']).toBe(expected)
})

test.each(['8', '64M', '-1', '1e3'])('--upload-memory %s is refused', (value) => {
  expect(() => readSettings([`--upload-memory=${value}`], {})).toThrow(/^--upload-memory is .*MiB/)
})
