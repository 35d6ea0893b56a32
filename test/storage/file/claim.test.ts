/**
 * Who may replace a version, between processes.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { readdir, utimes } from 'node:fs/promises'
import { afterAll, beforeAll, test } from 'vitest'
import { withClaim } from '../../../functions/storage/file/claim.ts'
import { temporaryDirectory as claims, type Tree } from '../../../functions/storage/file/paths.ts'
import { temporaryDirectory } from '../../support/hosts/start.ts'

let directory: Awaited<ReturnType<typeof temporaryDirectory>>
beforeAll(async () => {
  directory = await temporaryDirectory()
})
afterAll(() => directory.remove())

/** The store in that directory. */
const treeHere = (): Tree => ({ root: directory.path, verbatim: [], staged: [] })

const nothing = async () => {}

test('of two claims on a version one is refused; claims on two versions both hold', async () => {
  const tree = treeHere()
  const inside = await withClaim(tree, 'a', '1', async () => {
    assert.equal(await withClaim(tree, 'a', '1', nothing), false)
    assert.equal(await withClaim(tree, 'a', '2', nothing), true)
    assert.equal(await withClaim(tree, 'b', '1', nothing), true)
  })
  assert.equal(inside, true)
  assert.equal(await withClaim(tree, 'a', '1', nothing), true)
  assert.deepEqual(await readdir(claims(tree)), [])
})

test('a claim ends when its work fails', async () => {
  const tree = treeHere()
  const failing = withClaim(tree, 'a', '1', () => Promise.reject(new Error('no')))
  await assert.rejects(failing, /no/)
  assert.equal(await withClaim(tree, 'a', '1', nothing), true)
})

test('a later claim removes that of a process that died', async () => {
  const tree = treeHere()
  await withClaim(tree, 'a', '1', async () => {
    const [name] = await readdir(claims(tree))
    const then = new Date(Date.now() - 31_000)
    await utimes(`${claims(tree)}/${name}`, then, then)
    assert.equal(await withClaim(tree, 'a', '1', nothing), false)
    assert.equal(await withClaim(tree, 'a', '1', nothing), true)
  })
})
