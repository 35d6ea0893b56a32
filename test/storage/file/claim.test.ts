/**
 * Who may replace a version, between processes.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { open, readdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { withClaim } from '../../../functions/storage/file/claim.ts'
import { divideStamps, stamp } from '../../../functions/storage/file/disk.ts'
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

test('beside the claim of a process that died one other holds, again and again', async () => {
  const tree = treeHere()
  const grow = async () => {
    const then = new Date(Date.now() - 31_000)
    for (const name of await readdir(claims(tree)))
      await utimes(`${claims(tree)}/${name}`, then, then)
  }
  await withClaim(tree, 'a', '1', async () => {
    assert.equal(await withClaim(tree, 'a', '1', nothing), false)
    await grow()
    const inside = async () => {
      assert.equal(await withClaim(tree, 'a', '1', nothing), false)
      await grow()
      assert.equal(await withClaim(tree, 'a', '1', nothing), true)
    }
    assert.equal(await withClaim(tree, 'a', '1', inside), true)
    assert.equal(await withClaim(tree, 'a', '1', nothing), true)
  })
  assert.deepEqual(await readdir(claims(tree)), [])
})

test('processes that divide stamps give none twice', async (t) => {
  t.onTestFinished(() => divideStamps(0, 1))
  const path = join(directory.path, 'stamped')
  const file = await open(path, 'w')
  t.onTestFinished(() => file.close())
  const stamps = async (remainder: number) => {
    divideStamps(remainder, 3)
    const given: string[] = []
    for (let n = 0; n < 20; n++) given.push(await stamp(file))
    return given
  }
  const all = [...(await stamps(0)), ...(await stamps(1)), ...(await stamps(2))]
  assert.equal(new Set(all).size, 60)
})
