import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import {
  catalogKey,
  DISTRIBUTION_PREFIX,
  dataKey,
  UPLOADS_PREFIX,
  uploadDataKey,
  uploadSegmentKey,
} from '../../../functions/registry/layout.ts'
import { isStaged, pathOf, type Tree } from '../../../functions/storage/file/paths.ts'

const TREE: Tree = {
  root: '/root',
  verbatim: [DISTRIBUTION_PREFIX],
  staged: [UPLOADS_PREFIX],
}

describe('paths of the file store', () => {
  it('distinguish staged files, which a power failure may remove, from those that must last', () => {
    const staged = [
      '/root/slipway/v1/uploads',
      '/root/slipway/v1/uploads/u',
      pathOf(TREE, uploadDataKey('u', 'n')),
      pathOf(TREE, uploadSegmentKey('u', 0, 'n')),
    ]
    for (const path of staged) assert.equal(isStaged(TREE, path), true, path)
    const kept = [
      '/root',
      '/root/slipway',
      '/root/slipway/v1',
      '/root/slipway/v1/uploads-of-others',
      '/elsewhere/slipway/v1/uploads/u',
      pathOf(TREE, dataKey(`sha256:${'a'.repeat(64)}`)),
      pathOf(TREE, catalogKey('uploads')),
    ]
    for (const path of kept) assert.equal(isStaged(TREE, path), false, path)
  })
})
