/**
 * A repository: its tags.
 *
 * @module
 */

import { useState } from 'preact/hooks'
import { plural } from '../format.ts'
import { SearchBox } from '../parts/search-box.tsx'
import { Crumbs, Title } from '../parts/small.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { More } from '../parts/table.tsx'
import { go, type Query, toDeleted, toGoing, toRepositories, toRepository } from '../router.ts'
import { useSession } from '../session.ts'
import type { Right } from '../shapes.ts'
import { Delete } from './delete.tsx'
import { useTags } from './tag-pages.ts'
import { CompareBar, TagTable } from './tag-table.tsx'

/** What can be done with all of it, by those who may. */
const Actions = ({
  name,
  rights,
}: {
  readonly name: string
  readonly rights: readonly Right[]
}) => (
  <span class="actions">
    {rights.includes('admin') && (
      <>
        <a class="button quiet" href={toGoing(name)}>
          Rules
        </a>
        <a class="button quiet" href={toDeleted(name)}>
          Deleted
        </a>
      </>
    )}
    <Delete name={name} rights={rights} done={() => go(toRepositories())} />
  </span>
)

export const RepositoryView = ({
  name,
  query,
}: {
  readonly name: string
  readonly query: Query
}) => {
  const { state } = useSession()
  const begins = query.begins ?? ''
  const loaded = useTags(name, begins, state?.name)
  const [chosen, setChosen] = useState<readonly string[]>([])
  /** Two at most: the older choice goes. */
  const choose = (tag: string) =>
    setChosen(
      chosen.includes(tag) ? chosen.filter((each) => each !== tag) : [...chosen, tag].slice(-2),
    )
  const { loading, again } = loaded
  return (
    <>
      <Crumbs name={name} />
      <div class="bar">
        <Title>{name}</Title>
        {loading.state === 'there' && (
          <span class="count">
            {loading.value.next === undefined
              ? plural(loading.value.tags.length, 'tag')
              : `${loading.value.tags.length}+ tags`}
          </span>
        )}
        {loading.state === 'there' && <Actions name={name} rights={loading.value.rights} />}
      </div>
      {loading.state !== 'failed' && (
        <SearchBox
          label="Tags that begin with…"
          value={begins}
          limit={128}
          // Anything else is in no tag.
          allowed={(text) => text.replace(/[^\w.-]/g, '')}
          find={(text) => go(toRepository(name, { begins: text }), true)}
        />
      )}
      <Loaded loading={[loading, again]}>
        {({ tags, next, pullsSince }) =>
          tags.length === 0 ? (
            <Empty title={begins === '' ? 'No tags' : 'No such tags'}>
              <p>
                {begins === ''
                  ? 'This repository has no tags: what is in it has a digest alone, or was deleted.'
                  : `No tag begins with “${begins}”.`}
              </p>
            </Empty>
          ) : (
            <>
              <CompareBar name={name} chosen={chosen} />
              <TagTable {...{ name, tags, chosen, choose, pullsSince }} />
              <More what="tags" next={next} {...loaded} />
            </>
          )
        }
      </Loaded>
    </>
  )
}
