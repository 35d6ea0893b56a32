/**
 * Text to copy.
 *
 * @module
 */

import { useEffect, useState } from 'preact/hooks'
import { announce } from './announce.tsx'
import { Check, Copy } from './icons.tsx'

/** Milliseconds for which a button says that it has copied. */
const SHOWN = 1500

/** For origins where browsers have no clipboard: http but on loopback. */
const copyBySelection = (text: string): void => {
  const field = document.createElement('textarea')
  field.value = text
  field.className = 'off-screen'
  document.body.append(field)
  field.select()
  document.execCommand('copy')
  field.remove()
}

const copy = async (text: string): Promise<void> => {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    copyBySelection(text)
  }
}

/** A button that copies. @param what for those who do not see it */
export const CopyButton = ({ text, what }: { readonly text: string; readonly what: string }) => {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return undefined
    const timer = setTimeout(() => setCopied(false), SHOWN)
    return () => clearTimeout(timer)
  }, [copied])
  const press = () =>
    void copy(text).then(() => {
      setCopied(true)
      announce(`Copied ${what}`)
    })
  return (
    <button type="button" class="copy" onClick={press} title={`Copy ${what}`}>
      {copied ? <Check /> : <Copy />}
      <span class="hidden">Copy {what}</span>
    </button>
  )
}
