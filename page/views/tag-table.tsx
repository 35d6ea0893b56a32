/**
 * Tags as a table, of which two can be chosen.
 *
 * @module
 */

import { bytes, caller, moment } from '../format.ts'
import { Lock, Signature } from '../parts/icons.tsx'
import { Badge, Digest, When } from '../parts/small.tsx'
import { Columns } from '../parts/table.tsx'
import { toCompare, toImage } from '../router.ts'
import type { Tag } from '../shapes.ts'

/** Platforms that are shown in a row. */
const SHOWN = 3

/** Whether it has a signature. */
const Signed = ({ signed }: Pick<Tag, 'signed'>) =>
  signed ? (
    <span class="signed" title="It has a signature, which is not verified here">
      <Signature />
      signed
    </span>
  ) : null

const What = ({ kind, platforms, signed }: Tag) => {
  if (kind === undefined) return <span class="bone bone-word" aria-hidden="true" />
  const some = platforms?.slice(0, SHOWN) ?? []
  const others = (platforms?.length ?? 0) - some.length
  return (
    <>
      <Badge kind={kind} /> <Signed signed={signed} />
      {some.map((each) => (
        <span key={each} class="platform">
          {each}
        </span>
      ))}
      {others > 0 && <span class="muted">and {others} more</span>}
    </>
  )
}

/** When it was pulled, or since when it was not. */
const Pulled = ({ date, since }: { readonly date: string | undefined; readonly since: string }) =>
  date === undefined ? (
    <span title={`Not since ${moment(since)}, when recording began`}>not yet</span>
  ) : (
    <When date={date} />
  )

const Row = ({
  name,
  tag,
  pullsSince,
  chosen,
  choose,
}: {
  readonly name: string
  readonly tag: Tag
  readonly pullsSince: string | undefined
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
      {tag.by !== undefined && (
        <span class="by" title={tag.by}>
          {' '}
          by {caller(tag.by)}
        </span>
      )}
    </td>
    {pullsSince !== undefined && (
      <td class="col-when col-pulled">
        <Pulled date={tag.pulled} since={pullsSince} />
      </td>
    )}
  </tr>
)

/** What can be done with the tags that are chosen. */
export const CompareBar = ({
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

const LAST_PULLED = ['Last pulled', 'col-when col-pulled'] as const

/** The tags. */
export const TagTable = ({
  name,
  tags,
  pullsSince,
  chosen,
  choose,
}: {
  readonly name: string
  readonly tags: readonly Tag[]
  readonly pullsSince: string | undefined
  readonly chosen: readonly string[]
  readonly choose: (tag: string) => void
}) => (
  <div class="card table-frame">
    <table class="tags">
      <caption class="hidden">Tags of {name}</caption>
      <Columns
        of={[
          [
            <span key="choose" class="hidden">
              Compare
            </span>,
            'col-choose',
          ],
          'Tag',
          ['What', 'col-what'],
          ['Size', 'col-size'],
          ['Digest', 'col-digest'],
          ['Pushed', 'col-when'],
          ...(pullsSince === undefined ? [] : [LAST_PULLED]),
        ]}
      />
      <tbody>
        {tags.map((tag) => (
          <Row
            key={tag.tag}
            name={name}
            tag={tag}
            pullsSince={pullsSince}
            chosen={chosen.includes(tag.tag)}
            choose={() => choose(tag.tag)}
          />
        ))}
      </tbody>
    </table>
  </div>
)
