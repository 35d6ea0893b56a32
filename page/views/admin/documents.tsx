/**
 * Documents as they are stored: policy, rules on tags, quotas and the like. The registry checks them.
 *
 * @module
 */

import { useEffect, useState } from 'preact/hooks'
import { getDocument, putDocument } from '../../admin-api.ts'
import { failureOf, useLoad } from '../../load.ts'
import { announce } from '../../parts/announce.tsx'
import { Problem } from '../../parts/small.tsx'
import { Loaded } from '../../parts/states.tsx'
import { useSession } from '../../session.ts'
import { PolicyTrial, RetentionTrial } from './trials.tsx'

const DOCUMENTS = [
  ['policy', 'Policy'],
  ['groups', 'Groups'],
  ['retention', 'Rules on tags'],
  ['quotas', 'Quotas'],
  ['issuers', 'Issuers'],
  ['robot-claims', 'Claims of robots'],
  ['upstreams', 'Upstreams'],
  ['event-receivers', 'Receivers of events'],
] as const

const Editor = ({
  name,
  label,
  stored,
  again,
}: {
  readonly name: string
  readonly label: string
  readonly stored: { readonly text: string; readonly etag?: string | undefined }
  readonly again: () => void
}) => {
  const { state } = useSession()
  const [text, setText] = useState(stored.text)
  const [problem, setProblem] = useState<string>()
  useEffect(() => setText(stored.text), [stored])
  const save = async () => {
    setProblem(undefined)
    try {
      await putDocument(name, text, stored.etag)
      announce('Saved')
      again()
    } catch (thrown) {
      setProblem(failureOf(thrown).message)
    }
  }
  const tried = { text, isStored: text === stored.text }
  return (
    <>
      <form
        class="card editor"
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <label>
          {label}
          <textarea
            rows={22}
            spellcheck={false}
            readOnly={state?.readOnly === true}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        {stored.etag === undefined && <p class="muted">There is none yet.</p>}
        <Problem text={problem} />
        <div class="answers">
          <button
            type="button"
            class="button"
            disabled={text === stored.text}
            onClick={() => setText(stored.text)}
          >
            Undo
          </button>
          <button type="submit" class="button primary" disabled={text === stored.text}>
            Save
          </button>
        </div>
      </form>
      {name === 'policy' && <PolicyTrial {...tried} />}
      {name === 'retention' && <RetentionTrial {...tried} />}
    </>
  )
}

export const Documents = () => {
  const [name, setName] = useState<string>('policy')
  const loading = useLoad(() => getDocument(name), [name])
  const [, again] = loading
  const [, label = ''] = DOCUMENTS.find(([each]) => each === name) ?? []
  return (
    <>
      <fieldset class="segments wrap">
        <legend class="hidden">Document</legend>
        {DOCUMENTS.map(([each, words]) => (
          <button
            key={each}
            type="button"
            aria-pressed={each === name}
            onClick={() => setName(each)}
          >
            {words}
          </button>
        ))}
      </fieldset>
      <Loaded loading={loading}>
        {(stored) => <Editor key={name} name={name} label={label} stored={stored} again={again} />}
      </Loaded>
    </>
  )
}
