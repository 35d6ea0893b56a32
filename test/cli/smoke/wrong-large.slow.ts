/**
 * The rows of wrong.test.ts with bodies of 50 MB, and where such a body has nowhere to go.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { lookThrough } from './look.ts'
import { onFiles, type Subject } from './subjects.ts'
import { change, gatewaySays, larger, on, UPLOAD } from './wrongs/changes.ts'
import { WRONG_LARGE } from './wrongs/large.ts'

describe('a registry that is wrong', () => {
  let subject: Subject
  beforeAll(async () => {
    subject = await onFiles()
  })
  afterAll(() => subject.stop())

  for (const wrong of WRONG_LARGE) {
    test(`${wrong.check}: ${wrong.how}`, async () => {
      const upload = wrong.upload && { upload: {} }
      const right = await lookThrough(subject, { ...wrong, distortion: {}, ...upload })
      assert.equal(right.verdict, 'ok', right.printed)
      const { verdict, printed } = await lookThrough(subject, wrong)
      assert.notEqual(verdict, 'ok', printed)
      assert.match(printed, wrong.says)
    })
  }

  const refused = {
    'patch-50MB': change(larger(10_000_000), gatewaySays(413)),
    'put-50MB': change(on('PUT', UPLOAD), gatewaySays(413)),
  }
  for (const [check, distortion] of Object.entries(refused)) {
    test(`${check}: 413, and no upload host`, async () => {
      const { verdict, printed } = await lookThrough(subject, { check, distortion })
      assert.equal(verdict, 'unknown')
      assert.match(printed, /skipped: no upload host, and 413 here/)
    })
  }
})
