/**
 * What was deleted in a repository, and what brings it back.
 *
 * @module
 */

import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { forget, getDeletes, undelete } from '../api.ts'
import { plural, short } from '../format.ts'
import { failureOf, useLoad } from '../load.ts'
import { announce } from '../parts/announce.tsx'
import { Crumbs, Section, Title, When } from '../parts/small.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { More } from '../parts/table.tsx'
import { useSession } from '../session.ts'
import type { Deleted, Deletes } from '../shapes.ts'

/** Who did it: somebody, or a rule. */
const By = ({ by, rule }: { readonly by?: string; readonly rule?: string }) => (
  <span class="muted">{rule === undefined ? (by ?? 'unknown') : `by rule ${rule}`}</span>
)

const Row = ({
  children,
  at,
  by,
  rule,
  back,
  note,
}: {
  readonly children: ComponentChildren
  readonly at: string
  readonly by?: string
  readonly rule?: string
  readonly back?: (() => Promise<unknown>) | undefined
  readonly note?: string
}) => {
  const { state } = useSession()
  const [problem, setProblem] = useState<string>()
  const [busy, setBusy] = useState(false)
  const press = (act: () => Promise<unknown>) => {
    setBusy(true)
    setProblem(undefined)
    act()
      .catch((thrown: unknown) => setProblem(failureOf(thrown).message))
      .finally(() => setBusy(false))
  }
  return (
    <li class="row">
      <span class="row-main">
        <span class="row-name">{children}</span>
        <span class="row-about">
          <By {...(by === undefined ? {} : { by })} {...(rule === undefined ? {} : { rule })} />
        </span>
        {problem !== undefined && (
          <span class="problem" role="alert">
            {problem}
          </span>
        )}
      </span>
      <span class="row-facts">
        <When date={at} />
        {back === undefined || state?.readOnly ? (
          <span class="muted">{note}</span>
        ) : (
          <button type="button" class="button" disabled={busy} onClick={() => press(back)}>
            Bring back
          </button>
        )}
      </span>
    </li>
  )
}

const label = ({ digest, tag, tags = [] }: Deleted) =>
  tag === undefined ? (
    <>
      Image <code>{short(digest)}</code>
      {tags.length > 0 && <span class="muted"> with {tags.join(', ')}</span>}
    </>
  ) : (
    <>
      Tag <code>{tag}</code> <span class="muted">at {short(digest)}</span>
    </>
  )

/** Of each tag and manifest the last delete is the one that can be undone. */
const isLast = (deletes: readonly Deleted[], at: number): boolean => {
  const key = ({ tag, digest }: Deleted) => tag ?? digest
  const own = deletes[at]
  return own !== undefined && deletes.findIndex((each) => key(each) === key(own)) === at
}

/** The first page, and those that were asked for after it. */
const usePages = (name: string, first: Deletes) => {
  const [all, setAll] = useState(first)
  const [busy, setBusy] = useState(false)
  const [failed, setFailed] = useState<string>()
  const more = () => {
    setBusy(true)
    setFailed(undefined)
    getDeletes(name, all.next)
      .then(({ deletes, next }) => setAll({ ...all, deletes: [...all.deletes, ...deletes], next }))
      .catch((thrown: unknown) => setFailed(failureOf(thrown).message))
      .finally(() => setBusy(false))
  }
  return { all, busy, failed, more }
}

const List = ({ name, first, again }: { name: string; first: Deletes; again: () => void }) => {
  const { all, ...pages } = usePages(name, first)
  const bring = (what: { tag?: string; digest?: string }) => async () => {
    const { tags, manifests } = await undelete({ repository: name, ...what })
    forget()
    announce(`Back: ${plural(manifests, 'image')}, ${plural(tags, 'tag')}`)
    again()
  }
  if (all.whole.length + all.deletes.length === 0) {
    return (
      <Empty title="Nothing was deleted">
        <p>Deletes are on record for as long as they can be undone.</p>
      </Empty>
    )
  }
  const count = all.whole.length + all.deletes.length
  return (
    <Section
      title="Deletes"
      aside={all.next === undefined ? plural(count, 'delete') : `${count}+ deletes`}
    >
      <ul class="rows">
        {all.whole.map(({ id, at, by, pending }, place) => (
          <Row
            key={id}
            at={at}
            {...(by === undefined ? {} : { by })}
            back={place === 0 && !pending ? bring({}) : undefined}
            note={pending ? 'under way' : ''}
          >
            All of the repository
          </Row>
        ))}
        {all.deletes.map((each, place) => {
          const { id, at, by, rule, tag, digest, isThere } = each
          const back = !isThere && isLast(all.deletes, place)
          return (
            <Row
              key={id}
              at={at}
              {...(by === undefined ? {} : { by })}
              {...(rule === undefined ? {} : { rule })}
              back={back ? bring(tag === undefined ? { digest } : { tag }) : undefined}
              note={isThere ? 'is there' : 'before that'}
            >
              {label(each)}
            </Row>
          )
        })}
      </ul>
      <More what="deletes" next={all.next} {...pages} />
    </Section>
  )
}

/** Deletes of a repository, for those who administer it. */
export const DeletedView = ({ name }: { readonly name: string }) => {
  const { state } = useSession()
  const loading = useLoad(() => getDeletes(name), [name, state?.name])
  const [, again] = loading
  return (
    <>
      <Crumbs name={name}>Deleted</Crumbs>
      <Title>Deleted in {name}</Title>
      <Loaded loading={loading}>
        {(first) => <List name={name} first={first} again={again} />}
      </Loaded>
    </>
  )
}
