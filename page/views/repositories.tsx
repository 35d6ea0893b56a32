/**
 * All repositories, as many as somebody may pull.
 *
 * @module
 */

import { getCatalog } from '../api.ts'
import { bytes, plural } from '../format.ts'
import { useLoad } from '../load.ts'
import { SearchBox } from '../parts/search-box.tsx'
import { Title, When } from '../parts/small.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { go, type Query, toRepositories, toRepository } from '../router.ts'
import { useSession } from '../session.ts'
import type { Catalog, Repository } from '../shapes.ts'

const ORDERS = [
  ['name', 'Name'],
  ['pushed', 'Last push'],
  ['size', 'Size'],
] as const

/** Orders that the registry knows: without an index it knows no pushes. */
const Orders = ({ query, catalog }: { readonly query: Query; readonly catalog: Catalog }) => {
  const known = { name: true, pushed: catalog.indexed, size: catalog.sized }
  const offered = ORDERS.filter(([order]) => known[order])
  if (offered.length < 2) return null
  const now = query.sort || 'name'
  return (
    <fieldset class="segments">
      <legend class="hidden">Sort by</legend>
      {offered.map(([order, words]) => (
        <button
          key={order}
          type="button"
          aria-pressed={now === order}
          onClick={() =>
            go(toRepositories({ ...query, sort: order === 'name' ? '' : order, page: '' }))
          }
        >
          {words}
        </button>
      ))}
    </fieldset>
  )
}

const nameParts = (name: string): readonly [string, string] => {
  const end = name.lastIndexOf('/') + 1
  return [name.slice(0, end), name.slice(end)]
}

const Row = ({ name, description, pushed, tagCount, size }: Repository) => {
  const [folder, last] = nameParts(name)
  return (
    <li>
      <a class="row" href={toRepository(name)}>
        <span class="row-main">
          <span class="row-name">
            <span class="muted">{folder}</span>
            {last}
          </span>
          {description !== undefined && <span class="row-about">{description}</span>}
        </span>
        <span class="row-facts">
          {tagCount !== undefined && <span>{plural(tagCount, 'tag')}</span>}
          {size !== undefined && <span>{bytes(size)}</span>}
          {pushed !== undefined && <When date={pushed} />}
        </span>
      </a>
    </li>
  )
}

const Pages = ({ query, pages }: { readonly query: Query; readonly pages: number }) => {
  const page = Number(query.page || '1')
  if (pages < 2) return null
  const to = (number: number) =>
    toRepositories({ ...query, page: number === 1 ? '' : String(number) })
  return (
    <nav class="pages" aria-label="Pages">
      {page > 1 ? (
        <a class="button" href={to(page - 1)}>
          Previous
        </a>
      ) : (
        <span />
      )}
      <span class="muted">
        Page {page} of {pages}
      </span>
      {page < pages ? (
        <a class="button" href={to(page + 1)}>
          Next
        </a>
      ) : (
        <span />
      )}
    </nav>
  )
}

const Nothing = ({ query }: { readonly query: Query }) => {
  const { state } = useSession()
  if (query.q) {
    return (
      <Empty title="Nothing found">
        <p>
          No repository has “{query.q}” in its name
          {state?.name == null && !state?.open ? ', or you may not see it' : ''}.
        </p>
      </Empty>
    )
  }
  return (
    <Empty title="There are no repositories yet">
      <p>Push the first image:</p>
      <pre class="command">
        docker tag app {location.host}/app:v1{'\n'}docker push {location.host}/app:v1
      </pre>
      {state?.name === null && !state.open && (
        <p class="muted">Or sign in, to see what others may not.</p>
      )}
    </Empty>
  )
}

export const Repositories = ({ query }: { readonly query: Query }) => {
  const { state } = useSession()
  const wanted = { q: query.q ?? '', sort: query.sort ?? '', page: Number(query.page || '1') }
  const loading = useLoad(() => getCatalog(wanted), [query.q, query.sort, query.page, state?.name])
  const [now] = loading
  return (
    <>
      <div class="bar">
        <Title>Repositories</Title>
        {now.state === 'there' && <span class="count">{now.value.count}</span>}
        <span class="grow" />
        {now.state === 'there' && <Orders query={query} catalog={now.value} />}
      </div>
      <SearchBox
        label="Search repositories"
        value={query.q ?? ''}
        limit={255}
        find={(q) => go(toRepositories({ ...query, q, page: '' }), true)}
      />
      <Loaded loading={loading}>
        {(catalog) =>
          catalog.repositories.length === 0 ? (
            <Nothing query={query} />
          ) : (
            <>
              <ul class="rows card">
                {catalog.repositories.map((each) => (
                  <Row key={each.name} {...each} />
                ))}
              </ul>
              <Pages query={query} pages={catalog.pages} />
            </>
          )
        }
      </Loaded>
    </>
  )
}
