/**
 * Who has changed accounts and documents.
 *
 * @module
 */

import { getChanges } from '../../admin-api.ts'
import { plural } from '../../format.ts'
import { useLoad } from '../../load.ts'
import { Section, When } from '../../parts/small.tsx'
import { Empty, Loaded } from '../../parts/states.tsx'

export const ChangesView = () => (
  <Loaded loading={useLoad(getChanges, [])}>
    {({ changes }) =>
      changes.length === 0 ? (
        <Empty title="Nothing was changed yet" />
      ) : (
        <Section title="The latest first" aside={plural(changes.length, 'change')}>
          <p class="legend">
            Log-ins, refusals, pushes and deletes are in the log of the registry, and not kept here.
          </p>
          <ul class="rows">
            {changes.toReversed().map(({ at, document, by, sha256 }) => (
              <li key={at + sha256} class="row">
                <span class="row-main">
                  <span class="row-name">{document}</span>
                  <span class="row-about">{by}</span>
                </span>
                <span class="row-facts">
                  <When date={at} />
                </span>
              </li>
            ))}
          </ul>
        </Section>
      )
    }
  </Loaded>
)
