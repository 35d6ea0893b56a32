/**
 * `slipway completion`: what a shell needs to complete commands, flags and their values.
 *
 * @module
 */

import type { Command } from '../command.ts'
import { bashScript } from '../completion/bash.ts'
import { completedOf } from '../completion/model.ts'
import { zshScript } from '../completion/zsh.ts'
import { UsageError } from '../errors.ts'
import type { Groups } from '../help.ts'
import type { Io } from '../io.ts'

/** Shells, and what they are given. */
const SHELLS = { bash: bashScript, zsh: zshScript } as const

interface Given {
  readonly args: { readonly shell: string }
}

/**
 * Makes what prints a script for a shell; it throws UsageError for one that is not known.
 *
 * @param groups what each group of commands is about
 */
export const completionFor =
  (table: readonly Command[], groups: Groups) =>
  async ({ print }: Io, { args: { shell } }: Given): Promise<void> => {
    if (!Object.hasOwn(SHELLS, shell)) {
      const known = Object.keys(SHELLS).join(' or ')
      throw new UsageError(`${JSON.stringify(shell)} cannot be completed for: expected ${known}`)
    }
    print(SHELLS[shell as keyof typeof SHELLS](completedOf(table, groups), 'slipway'))
  }
