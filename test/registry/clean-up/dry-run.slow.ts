/**
 * A run does exactly what the dry run right before it has said; and what goes is what a naive model says.
 *
 * @module
 */
import { expect, test } from 'vitest'
import { dataKey } from '../../../functions/registry/layout.ts'
import { blob, CONFIG, type Content, imageOf } from '../../support/hosts/content.ts'
import { pushAtOnce, pushManifest } from '../../support/rig/push.ts'
import { DAY, openWorld, SERVICES, stepsOf, type World } from './world.ts'

/** Numbers from 0 to 1, the same for a seed. */
const randomOf = (seed: number) => (): number => {
  seed = (seed * 1664525 + 1013904223) % 2 ** 32
  return seed / 2 ** 32
}

const BLOBS = Array.from({ length: 6 }, (_, at) => blob(`blob ${at}`, 100 + at))
const NAMES = ['app', 'app/part', 'other']

/** What a simple registry would hold: per repository its manifests and when they were deleted. */
interface Naive {
  readonly manifests: Map<
    string,
    { readonly content: Content; readonly needs: string[]; deleted?: number }
  >
}

const step = async (
  world: World,
  naive: Map<string, Naive>,
  random: () => number,
): Promise<void> => {
  const name = NAMES[Math.floor(random() * NAMES.length)]!
  const one = BLOBS[Math.floor(random() * BLOBS.length)]!
  const kind = random()
  const mine = naive.get(name) ?? { manifests: new Map() }
  naive.set(name, mine)
  if (kind < 0.25) await pushAtOnce(world.send, name, one)
  else if (kind < 0.4) {
    const from = NAMES[Math.floor(random() * NAMES.length)]!
    await world.send(`POST /v2/${name}/blobs/uploads/?mount=${one.sha256}&from=${from}`)
  } else if (kind < 0.7) {
    const image = imageOf([one])
    for (const each of [CONFIG, one]) await pushAtOnce(world.send, name, each)
    await pushManifest(world.send, name, random() < 0.5 ? 'v1' : image.sha256, image)
    const needs = [CONFIG.sha256, one.sha256]
    mine.manifests.set(image.sha256, { content: image, needs })
  } else {
    const all = [...mine.manifests].filter(([, { deleted }]) => deleted === undefined)
    const found = all[Math.floor(random() * all.length)]
    if (found === undefined) return
    const { status } = await world.send(`DELETE /v2/${name}/manifests/${found[0]}`)
    expect(status).toBe(202)
    found[1].deleted = world.model.clock.now
  }
}

for (const [service, options] of SERVICES) {
  test.each([1, 2, 3])(`on ${service}, seed %i`, async (seed) => {
    const random = randomOf(seed)
    const world = await openWorld(options)
    const naive = new Map<string, Naive>()
    for (let at = 0; at < 60; at++) {
      await step(world, naive, random)
      if (random() < 0.6) continue
      await world.pass(random() * 5 * DAY)
      const shown = await world.collect({ run: false })
      const before = await world.keys('')
      const ran = await world.collect()
      expect(stepsOf(ran)).toEqual(stepsOf(shown))
      expect(ran.things.map(({ size }) => size).sort()).toEqual(
        shown.things.map(({ size }) => size).sort(),
      )
      const gone = before.filter((key) => key.endsWith('/data'))
      const left = new Set(await world.keys(''))
      const removed = gone.filter((key) => !left.has(key))
      const said = shown.things.filter(({ step: what }) => what === 'remove-data')
      expect(removed.sort()).toEqual(said.map(({ key }) => key).sort())
    }
    // In the end, what manifests need that were not deleted is there, and nothing else.
    for (let at = 0; at < 8; at++) {
      await world.pass(8 * DAY)
      await world.collect()
    }
    const needed = new Set<string>()
    for (const { manifests } of naive.values()) {
      for (const [digest, { needs, deleted }] of manifests) {
        if (deleted === undefined) for (const each of [digest, ...needs]) needed.add(each)
      }
    }
    const data = (await world.keys('')).filter((key) => key.endsWith('/data'))
    expect(data.sort()).toEqual([...needed].map((digest) => dataKey(digest)).sort())
    expect((await world.collect({ run: false })).things).toEqual([])
  })
}
