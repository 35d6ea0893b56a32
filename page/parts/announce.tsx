/**
 * Tells those who do not see the page what has happened.
 *
 * @module
 */

import { useEffect, useState } from 'preact/hooks'

let listener: (text: string) => void = () => {}

/** Has a screen reader say something. */
export const announce = (text: string): void => listener(text)

/** Where it is said. */
export const Announcer = () => {
  const [text, setText] = useState('')
  useEffect(() => {
    listener = setText
  }, [])
  return (
    <output class="hidden" aria-live="polite">
      {text}
    </output>
  )
}
