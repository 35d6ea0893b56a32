/**
 * A repository: its tags.
 *
 * @module
 */

import { useState } from 'preact/hooks'
import { bytes, plural } from '../format.ts'
import { Lock } from '../parts/icons.tsx'
import { SearchBox } from '../parts/search-box.tsx'
import { Badge, Crumbs, Digest, Title, When } from '../parts/small.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { go, type Query, toCompare, toImage, toRepository } from '../router.ts'
import { useSession } from '../session.ts'
import type { Tag } from '../shapes.ts'
import { type TagLoading, useTags } from './tag-pages.ts'

/** Platforms that are shown in a row. */
const SHOWN = 3

const What = ({ kind, platforms }: Tag) => {
  if (kind === undefined) return <span class="bone bone-word" aria-hidden="true" />
  const some = platforms?.slice(0, SHOWN) ?? []
  const others = (platforms?.length ?? 0) - some.length
  return (
    <>
      <Badge kind={kind} />
      {some.map((each) => (
        <span key={each} class="platform">
          {each}
        </span>
      ))}
      {others > 0 && <span class="muted">and {others} more</span>}
    </>
  )
}

const Row = ({
  name,
  tag,
  chosen,
  choose,
}: {
  readonly name: string
  readonly tag: Tag
  readonly chosen: boolean
  readonly choose: () => void
}) => (
  <tr class={chosen ? 'chosen' : ''}>
    <td class="col-choose">
      <input type="checkbox" checked={chosen} onChange={choose} aria-label={`Compare ${tag.tag}`} />
    </td>
    <th scope="row">
      <a href={toImage(name, tag.tag)}>{tag.tag}</a>
      {tag.immutable && (
        <span class="frozen" title="A rule keeps this tag where it is">
          <Lock />
          <span class="hidden">Immutable</span>
        </span>
      )}
    </th>
    <td class="col-what">
      <What {...tag} />
    </td>
    <td class="col-size">{tag.size === undefined ? '' : bytes(tag.size)}</td>
    <td class="col-digest">
      <Digest digest={tag.digest} name={name} />
    </td>
    <td class="col-when">
      <When date={tag.pushed} />
    </td>
  </tr>
)

const CompareBar = ({
  name,
  chosen,
}: {
  readonly name: string
  readonly chosen: readonly string[]
}) => {
  const [a, b] = chosen
  if (a === undefined) return null
  return (
    <div class="float">
      {b === undefined ? (
        <span>
          <strong>{a}</strong>: choose another tag to compare it with
        </span>
      ) : (
        <>
          <span>
            <strong>{a}</strong> and <strong>{b}</strong>
          </span>
          <a class="button primary" href={toCompare(name, a, b)}>
            Compare
          </a>
        </>
      )}
    </div>
  )
}

const Table = ({
  name,
  tags,
  chosen,
  choose,
}: {
  readonly name: string
  readonly tags: readonly Tag[]
  readonly chosen: readonly string[]
  readonly choose: (tag: string) => void
}) => (
  <div class="card table-frame">
    <table class="tags">
      <caption class="hidden">Tags of {name}</caption>
      <thead>
        <tr>
          <th scope="col" class="col-choose">
            <span class="hidden">Compare</span>
          </th>
          <th scope="col">Tag</th>
          <th scope="col" class="col-what">
            What
          </th>
          <th scope="col" class="col-size">
            Size
          </th>
          <th scope="col" class="col-digest">
            Digest
          </th>
          <th scope="col" class="col-when">
            Pushed
          </th>
        </tr>
      </thead>
      <tbody>
        {tags.map((tag) => (
          <Row
            key={tag.tag}
            name={name}
            tag={tag}
            chosen={chosen.includes(tag.tag)}
            choose={() => choose(tag.tag)}
          />
        ))}
      </tbody>
    </table>
  </div>
)

const More = ({ next, busy, failed, more }: { readonly next: string | undefined } & TagLoading) => (
  <div class="pages">
    <span />
    {failed === undefined ? <span /> : <span role="alert">{failed}</span>}
    {next === undefined ? (
      <span />
    ) : (
      <button type="button" class="button" onClick={more} disabled={busy}>
        {busy ? 'Loading…' : 'More tags'}
      </button>
    )}
  </div>
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
        {({ tags, next }) =>
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
              <Table name={name} tags={tags} chosen={chosen} choose={choose} />
              <More next={next} {...loaded} />
            </>
          )
        }
      </Loaded>
    </>
  )
}
