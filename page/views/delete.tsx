/**
 * Deleting a tag, an image or a whole repository, once it is clear what goes.
 *
 * @module
 */

import { useState } from 'preact/hooks'
import { forget, getDeletePreview, removeImage, removeRepository } from '../api.ts'
import { plural, short } from '../format.ts'
import { useLoad } from '../load.ts'
import { announce } from '../parts/announce.tsx'
import { Question } from '../parts/dialog.tsx'
import { Trash } from '../parts/icons.tsx'
import { Loaded } from '../parts/states.tsx'
import type { DeletePreview, Right } from '../shapes.ts'

/** Tags that are named. */
const NAMED = 12

const Tags = ({ tags }: Pick<DeletePreview, 'tags'>) => (
  <ul class="going">
    {tags.slice(0, NAMED).map(({ tag, immutable }) => (
      <li key={tag}>
        <code>{tag}</code>
        {immutable && <span class="muted"> immutable</span>}
      </li>
    ))}
    {tags.length > NAMED && <li class="muted">and {tags.length - NAMED} more</li>}
  </ul>
)

const what = ({ manifest, digest, tags, complete }: DeletePreview): string => {
  const count = `${plural(tags.length, 'tag')}${complete ? '' : ', and maybe more,'}`
  if (digest === undefined) return `All of the repository goes, with ${count}:`
  const image = `The image ${short(digest)}`
  if (!manifest) return `This tag goes. ${image} stays, and can be pulled by its digest.`
  return tags.length === 0 ? `${image} goes. No tag points at it.` : `${image} goes, with ${count}:`
}

const Goes = ({ goes, blocked }: { readonly goes: DeletePreview; readonly blocked: boolean }) => {
  const { referrers, moreReferrers, undeleteDays, tags, manifest } = goes
  return (
    <>
      <p>{what(goes)}</p>
      {(manifest || tags.some(({ immutable }) => immutable)) && tags.length > 0 && (
        <Tags tags={tags} />
      )}
      {referrers > 0 && (
        <p>
          {moreReferrers ? 'More than ' : ''}
          {plural(referrers, 'signature or other referrer', 'signatures and other referrers')} to it
          {referrers === 1 ? ' stays, and refers' : ' stay, and refer'} to nothing then.
        </p>
      )}
      {blocked && <p class="problem">A rule keeps what is immutable, so this cannot be deleted.</p>}
      <p class="muted">
        {undeleteDays > 0
          ? `It can be brought back for ${plural(undeleteDays, 'day')}.`
          : 'It cannot be brought back.'}
      </p>
    </>
  )
}

const Ask = ({
  name,
  reference,
  rights,
  close,
  done,
}: {
  readonly name: string
  readonly reference: string | undefined
  readonly rights: readonly Right[]
  readonly close: () => void
  readonly done: () => void
}) => {
  const loading = useLoad(() => getDeletePreview(name, reference), [name, reference])
  const [state] = loading
  const immutable =
    state.state === 'there' && state.value.tags.some((each) => each.immutable === true)
  const blocked = immutable && !rights.includes('override')
  const act = async () => {
    // What has become immutable since it was looked at was shown to nobody.
    await (reference === undefined
      ? removeRepository(name, immutable)
      : removeImage(name, reference, immutable))
    forget()
    announce('Deleted')
    close()
    done()
  }
  const kind = reference === undefined ? 'repository' : reference.includes(':') ? 'image' : 'tag'
  const shown = reference === undefined ? name : kind === 'image' ? short(reference) : reference
  return (
    <Question
      title={`Delete ${kind} ${shown}?`}
      answer={
        state.state !== 'there' || blocked
          ? undefined
          : immutable
            ? 'Delete, though immutable'
            : `Delete ${kind}`
      }
      act={act}
      close={close}
    >
      <Loaded loading={loading}>{(goes) => <Goes goes={goes} blocked={blocked} />}</Loaded>
    </Question>
  )
}

/** A button that asks, for those who may delete. @param reference absent for the whole repository */
export const Delete = ({
  name,
  reference,
  rights,
  done,
}: {
  readonly name: string
  readonly reference?: string
  readonly rights: readonly Right[]
  /** What comes after it. */
  readonly done: () => void
}) => {
  const [asking, setAsking] = useState(false)
  if (!rights.includes('delete')) return null
  const kind = reference === undefined ? 'repository' : reference.includes(':') ? 'image' : 'tag'
  return (
    <>
      <button type="button" class="button quiet" onClick={() => setAsking(true)}>
        <Trash /> Delete {kind}…
      </button>
      {asking && (
        <Ask
          name={name}
          reference={reference}
          rights={rights}
          close={() => setAsking(false)}
          done={done}
        />
      )}
    </>
  )
}
