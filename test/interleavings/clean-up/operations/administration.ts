/**
 * What administrators and servers do beside clients: commands, housekeeping, runs of the clean-up.
 *
 * @module
 */
import { checkStore } from '../../../../functions/registry/check/check.ts'
import { collect } from '../../../../functions/registry/clean-up/collect.ts'
import { release } from '../../../../functions/registry/clean-up/release.ts'
import { unreported } from '../../../../functions/registry/damage.ts'
import { expireDeletions } from '../../../../functions/registry/deleted/deletions.ts'
import { undelete } from '../../../../functions/registry/deleted/undelete.ts'
import { recordPulls, sayRecorded } from '../../../../functions/registry/pulls/record.ts'
import type { Digest, Reference } from '../../../../functions/registry/reference.ts'
import { reindex } from '../../../../functions/registry/reindex.ts'
import { expireUploads } from '../../../../functions/registry/uploads/expire.ts'
import { IMAGE } from '../actors.ts'
import { TERMS } from '../collecting.ts'
import type { Acting, Actor } from '../run.ts'
import { actor, manifestIn, refusable } from './answers.ts'

const undo = (title: string, reference: Reference): Actor =>
  actor(title, (world) =>
    refusable(async () => {
      const { store } = world
      const now = (): number => world.now()
      const found = await undelete(store, 'app', reference, unreported, now)
      const { digest, manifest, tags } = found
      if (manifest && digest === IMAGE.sha256) world.told(manifestIn('app', IMAGE))
      for (const tag of tags) world.told({ kind: 'tag', name: 'app', tag })
    }),
  )

export const undeleteTag = undo('undelete of the tag', { tag: 'v1' })
export const undeleteManifest = undo('undelete of the manifest', { digest: IMAGE.sha256 as Digest })

/** Work that promises nothing. */
const work = (title: string, run: (world: Acting) => Promise<unknown>): Actor =>
  actor(title, (world) => refusable(async () => void (await run(world))))

export const indexAnew = work('reindex', ({ store }) => reindex(store))

export const expire = work('housekeeping', async (world) => {
  await expireUploads(world.store, world.now())
  await expireDeletions(world.store, new Date(world.now() - TERMS.undelete))
})

export const recordPull = work('record of a pull', async ({ store, ...world }) => {
  await recordPulls(store, [{ repository: 'app', digest: IMAGE.sha256 }], world.now())
  await sayRecorded(store, world.now())
})

/** Longer than between two beats of the lease, and two checkpoints. */
const WHILE = 45_000

/** A whole run: with its lease, what it notes, what is left over, and what takes the space. */
const run = (title: string, acts: boolean): Actor =>
  work(title, ({ store, collected }) => {
    let time = 0
    return collect(store, {
      times: TERMS,
      run: acts,
      force: true,
      closed: true,
      report: collected,
      note: () => {},
      progress: () => {},
      isOver: () => false,
      monotonic: () => {
        time += WHILE
        return time
      },
    })
  })

export const wholeRun = run('a whole run', true)
export const dryRun = run('a dry run', false)

export const releaseAll = work('release', ({ store }) =>
  release(store, { alone: true, progress: () => {}, isOver: () => false, monotonic: () => 0 }),
)

export const repair = work('check with repair', ({ store, ...world }) =>
  checkStore(store, {
    repair: true,
    verify: false,
    now: () => world.now(),
    wait: () => world.pass(),
    report: () => {},
    progress: () => false,
  }),
)
