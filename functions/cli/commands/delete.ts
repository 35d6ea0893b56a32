/**
 * `slipway delete`: a whole repository.
 *
 * @module
 */

import { createInterface } from 'node:readline/promises'
import { parseName } from '../../registry/reference.ts'
import { createRegistry } from '../../registry/registry.ts'
import { rulesInForce } from '../../registry/retention/in-force.ts'
import type { StoreIo } from '../command.ts'
import { CommandError } from '../errors.ts'
import { recorderFor } from '../record-events.ts'
import { counted, inOneLine } from './undelete.ts'

interface Given {
  readonly args: { readonly repository: string }
  readonly flags: { readonly confirmed: boolean; readonly override: boolean }
  readonly settings: { readonly 'undelete-days': number }
}

/** Has the name typed by whoever sits there. */
const confirm = async ({ stdin, say }: StoreIo, name: string): Promise<void> => {
  if (!stdin.isTTY)
    throw new CommandError(`nobody can confirm it here: --confirmed deletes ${name}`)
  say(`All manifests and tags of ${name} go. To confirm, type its name:`)
  const lines = createInterface({ input: stdin })
  try {
    for await (const line of lines) {
      if (line.trim() === name) return
      break
    }
  } finally {
    lines.close()
  }
  throw new CommandError(`that is not ${name}: nothing was deleted`)
}

/**
 * Deletes a whole repository.
 *
 * @throws CommandError when there is none, when it has immutable tags, or when nobody confirms it
 */
export const deleteRepository = async (
  io: StoreIo,
  { args, flags, settings }: Given,
): Promise<void> => {
  const { store, say } = io
  const days = settings['undelete-days']
  await inOneLine(async () => {
    const name = parseName(args.repository)
    if (!flags.confirmed) await confirm(io, name)
    const registry = createRegistry({
      store,
      uploadSecret: async () => new Uint8Array(32),
      undeletes: days > 0,
      rules: () => rulesInForce(store),
      events: recorderFor(io, store),
    })
    const { override } = flags
    const options = {
      by: 'the command line',
      override,
      isOver: () => false,
      origin: { actor: io.user() },
    }
    const { at, deleted, remaining, overridden } = await registry.removeWhole(name, options)
    for (const { tag, was } of overridden) say(`The immutable tag ${tag} at ${was} is deleted.`)
    say(
      remaining
        ? `${name} is being deleted, as of ${at.toISOString()}: the next clean-up goes on, or the same command.`
        : `${name} is deleted, as of ${at.toISOString()}, with ${counted(deleted, 'manifest')}.`,
    )
    if (days > 0) say(`For ${days} days, "slipway undelete ${name}" brings it back.`)
  })
}
