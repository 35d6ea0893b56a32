/**
 * Whole repositories that were deleted.
 *
 * @module
 */

import { getDeletedRepositories } from '../../admin-api.ts'
import { useLoad } from '../../load.ts'
import { When } from '../../parts/small.tsx'
import { Empty, Loaded } from '../../parts/states.tsx'
import { toDeleted } from '../../router.ts'

export const DeletedRepositories = () => (
  <Loaded loading={useLoad(getDeletedRepositories, [])}>
    {({ repositories }) =>
      repositories.length === 0 ? (
        <Empty title="No repository was deleted">
          <p>What was deleted in a repository that is there is listed with it.</p>
        </Empty>
      ) : (
        <ul class="rows card">
          {repositories.map(({ name, deletes: [last] }) => (
            <li key={name}>
              <a class="row" href={toDeleted(name)}>
                <span class="row-main">
                  <span class="row-name">{name}</span>
                  <span class="row-about">{last?.by ?? 'unknown'}</span>
                </span>
                <span class="row-facts">{last && <When date={last.at} />}</span>
              </a>
            </li>
          ))}
        </ul>
      )
    }
  </Loaded>
)
