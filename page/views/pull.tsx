/**
 * How an image is pulled.
 *
 * @module
 */

import { useState } from 'preact/hooks'
import { commandsFor } from '../commands.ts'
import { CopyButton } from '../parts/copy.tsx'
import type { Image } from '../shapes.ts'

export const Pull = ({ image }: { readonly image: Image }) => {
  const { repository: name, tag, digest, kind } = image
  const commands = commandsFor({
    host: location.host,
    plain: location.protocol === 'http:',
    name,
    reference: tag ?? digest,
    kind,
  })
  const [client, setClient] = useState('')
  const shown = commands.find((each) => each.client === client) ?? commands[0]
  if (shown === undefined) return null
  return (
    <section class="pull card" aria-label="Pull">
      {commands.length > 1 && (
        <fieldset class="segments">
          <legend class="hidden">Client</legend>
          {commands.map((each) => (
            <button
              key={each.client}
              type="button"
              aria-pressed={each === shown}
              onClick={() => setClient(each.client)}
            >
              {each.client}
            </button>
          ))}
        </fieldset>
      )}
      <div class="command">
        <code>{shown.text}</code>
        <CopyButton text={shown.text} what="the command" />
      </div>
    </section>
  )
}
