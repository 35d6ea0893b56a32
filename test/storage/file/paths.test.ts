import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import {
  catalogKey,
  dataKey,
  uploadDataKey,
  uploadSegmentKey,
} from '../../../functions/registry/layout.ts'
import { isStaged, pathOf } from '../../../functions/storage/file/paths.ts'

describe('paths of the file store', () => {
  it('tell staged bytes, which a power failure may take, from all that must stay', () => {
    const staged = [
      '/root/slipway/v1/uploads',
      '/root/slipway/v1/uploads/u',
      pathOf('/root', uploadDataKey('u', 'n')),
      pathOf('/root', uploadSegmentKey('u', 0, 'n')),
    ]
    for (const path of staged) assert.equal(isStaged('/root', path), true, path)
    const kept = [
      '/root',
      '/root/slipway',
      '/root/slipway/v1',
      '/root/slipway/v1/uploads-of-others',
      '/elsewhere/slipway/v1/uploads/u',
      pathOf('/root', dataKey(`sha256:${'a'.repeat(64)}`)),
      pathOf('/root', catalogKey('uploads')),
    ]
    for (const path of kept) assert.equal(isStaged('/root', path), false, path)
  })
})
