/**
 * Forms of a few fields, in a view or in a question.
 *
 * @module
 */

import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { failureOf } from '../load.ts'
import { useSession } from '../session.ts'
import { Question } from './dialog.tsx'
import { Problem } from './small.tsx'

export interface Field {
  readonly name: string
  readonly label: string
  readonly type?: 'password'
  /** What it may look like. */
  readonly example?: string
}

type Values = Readonly<Record<string, string>>

/** An input for each field, all required. */
export const Inputs = ({ fields }: { readonly fields: readonly Field[] }) => (
  <>
    {fields.map(({ name, label, type, example }) =>
      type === 'password' ? (
        <label key={name}>
          {label}
          <input name={name} type="password" required autoComplete="new-password" />
        </label>
      ) : (
        <label key={name}>
          {label}
          <input
            name={name}
            placeholder={example}
            required
            autoComplete="off"
            autoCapitalize="none"
            spellcheck={false}
          />
        </label>
      ),
    )}
  </>
)

const valuesOf = (form: HTMLFormElement): Values =>
  Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]))

/** A form in a view, in one line where there is room; nothing where nothing can be changed. */
export const Fields = ({
  title,
  fields,
  button,
  act,
}: {
  readonly title: string
  readonly fields: readonly Field[]
  readonly button: string
  readonly act: (values: Values) => Promise<void>
}) => {
  const { state } = useSession()
  const [problem, setProblem] = useState<string>()
  const submit = async (form: HTMLFormElement) => {
    setProblem(undefined)
    try {
      await act(valuesOf(form))
      form.reset()
    } catch (thrown) {
      setProblem(failureOf(thrown).message)
    }
  }
  if (state?.readOnly) return null
  return (
    <form
      class="card fields"
      aria-label={title}
      onSubmit={(event) => {
        event.preventDefault()
        void submit(event.currentTarget)
      }}
    >
      <Inputs fields={fields} />
      <button type="submit" class="button primary">
        {button}
      </button>
      <Problem text={problem} />
    </form>
  )
}

/** A button that asks first, for some fields where it needs any; likewise. */
export const Act = ({
  words,
  title,
  answer,
  fields = [],
  act,
  children,
}: {
  readonly words: string
  readonly title: string
  readonly answer: string
  readonly fields?: readonly Field[]
  readonly act: (values: Values) => Promise<void>
  readonly children: ComponentChildren
}) => {
  const { state } = useSession()
  const [asking, setAsking] = useState(false)
  const close = () => setAsking(false)
  if (state?.readOnly) return null
  return (
    <>
      <button
        type="button"
        class="button quiet"
        // There is one of these words in each row.
        aria-label={title.replace('?', '…')}
        onClick={() => setAsking(true)}
      >
        {words}
      </button>
      {asking && (
        <Question
          title={title}
          answer={answer}
          close={close}
          act={async (values) => {
            await act(values)
            close()
          }}
        >
          {children}
          {fields.length > 0 && <Inputs fields={fields} />}
        </Question>
      )}
    </>
  )
}
