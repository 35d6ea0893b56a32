/**
 * A question that must be answered before anything happens.
 *
 * @module
 */

import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { failureOf } from '../load.ts'
import { Problem } from './small.tsx'

/** Asks, and does it. Escape, and a press beside it, do nothing but close it. */
export const Question = ({
  title,
  answer,
  act,
  close,
  children,
}: {
  readonly title: string
  /** What the button says that does it; undefined where it cannot be done. */
  readonly answer: string | undefined
  readonly act: (values: Readonly<Record<string, string>>) => Promise<void>
  readonly close: () => void
  readonly children: ComponentChildren
}) => {
  const dialog = useRef<HTMLDialogElement>(null)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  useEffect(() => dialog.current?.showModal(), [])
  const submit = async (form: HTMLFormElement) => {
    setBusy(true)
    setProblem(undefined)
    try {
      await act(
        Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)])),
      )
    } catch (thrown) {
      setProblem(failureOf(thrown).message)
      setBusy(false)
    }
  }
  return (
    <dialog ref={dialog} class="question" aria-labelledby="question" onClose={close}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault()
          void submit(event.currentTarget)
        }}
      >
        <h2 id="question">{title}</h2>
        {children}
        <Problem text={problem} />
        <div class="answers">
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          {answer !== undefined && (
            <button type="submit" class="button danger" disabled={busy}>
              {busy ? 'One moment…' : answer}
            </button>
          )}
        </div>
      </form>
    </dialog>
  )
}
