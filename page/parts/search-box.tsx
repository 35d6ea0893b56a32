/**
 * A field to look for something, which does so once somebody stops typing.
 *
 * @module
 */

import { useEffect, useRef, useState } from 'preact/hooks'
import { Search } from './icons.tsx'

/** Milliseconds without a key before something is looked for. */
const PAUSE = 250

export const SearchBox = ({
  label,
  value,
  limit,
  allowed = (text) => text,
  find,
}: {
  readonly label: string
  readonly value: string
  /** Most characters. */
  readonly limit: number
  /** What of a text can be looked for. Default: all. */
  readonly allowed?: (text: string) => string
  readonly find: (text: string) => void
}) => {
  const [text, setText] = useState(value)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  // As when somebody goes back.
  useEffect(() => setText(value), [value])
  useEffect(() => () => clearTimeout(timer.current), [])
  const type = (given: string) => {
    const wanted = allowed(given)
    setText(wanted)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => find(wanted), PAUSE)
  }
  return (
    <search class="search">
      <Search />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        value={text}
        maxLength={limit}
        autoComplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => type(currentTarget.value)}
      />
    </search>
  )
}
