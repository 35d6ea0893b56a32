/**
 * Bytes of repositories, as a picture.
 *
 * @module
 */

import { getUsage } from '../../admin-api.ts'
import { bytes, percent, plural } from '../../format.ts'
import { useLoad } from '../../load.ts'
import { Facts, Section, When } from '../../parts/small.tsx'
import { Empty, Failure, Waiting } from '../../parts/states.tsx'
import { toRepository } from '../../router.ts'
import type { Usage } from '../../shapes.ts'

/** Bars that are drawn. */
const SHOWN = 50

const Picture = ({ usage }: { readonly usage: Usage }) => {
  const sized = usage.repositories
    .map((each) => ({ ...each, size: each.own + each.shared }))
    .sort((a, b) => b.size - a.size)
  const largest = sized[0]?.size ?? 0
  const total = sized.reduce((sum, { own }) => sum + own, 0)
  return (
    <>
      <section class="card">
        <Facts
          facts={[
            ['Counted', <When key="date" date={usage.date} />],
            ['Repositories', usage.count ?? sized.length],
            ['Stored', usage.pool && bytes(usage.pool.kept)],
            ['Goes with the next clean-ups', usage.pool && bytes(usage.pool.condemned)],
            ['Of these repositories alone', bytes(total)],
          ]}
        />
      </section>
      <Section title="By repository" aside={plural(sized.length, 'repository', 'repositories')}>
        <p class="legend">
          <span class="dot share-0" /> its own <span class="dot share-2" /> shared with others
        </p>
        <ul class="bars">
          {sized.slice(0, SHOWN).map(({ name, own, shared, size }) => (
            <li key={name}>
              <a href={toRepository(name)}>{name}</a>
              <span class="muted">
                {bytes(size)}
                {shared > 0 && `, ${percent(shared, size)} shared`}
              </span>
              <svg
                class="gauge"
                viewBox="0 0 1000 8"
                preserveAspectRatio="none"
                aria-hidden="true"
                focusable="false"
              >
                <rect class="gauge-ground" width="1000" height="8" />
                <rect class="gauge-own" width={(1000 * own) / (largest || 1)} height="8" />
                <rect
                  class="gauge-shared"
                  x={(1000 * own) / (largest || 1)}
                  width={(1000 * shared) / (largest || 1)}
                  height="8"
                />
              </svg>
            </li>
          ))}
        </ul>
        {sized.length > SHOWN && <p class="hint">The {SHOWN} largest are shown.</p>}
      </Section>
    </>
  )
}

export const UsageView = () => {
  const [loading, again] = useLoad(getUsage, [])
  if (loading.state === 'waiting') return <Waiting />
  if (loading.state === 'there') return <Picture usage={loading.value} />
  if (loading.error.status !== 404) return <Failure error={loading.error} again={again} />
  return (
    <Empty title="Nothing is counted yet">
      <p>A clean-up counts, and so does “slipway usage --now”.</p>
    </Empty>
  )
}
