/**
 * The function that a schedule calls: keeps repositories in step with those of other registries, by the document that is
 * deployed beside it.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import type { Context } from 'aws-lambda'
import type { Io } from '../cli/io.ts'
import { parseMirror } from '../cli/mirror/parse.ts'
import { runDue } from '../cli/mirror/scheduled.ts'
import { reportObject } from '../cli/mirror/status.ts'
import { processIo } from '../cli/process-io.ts'
import { readLambdaSettings } from '../compose/aws/read-settings.ts'
import { createLogger, type Logger } from '../compose/logger.ts'
import { openStore } from '../compose/open-store.ts'
import { once } from '../shared/once.ts'

/** An event: that of the schedule, or of a person. */
export interface MirrorEvent {
  /** Whether rules run although it is not time for them. */
  readonly now?: boolean
}

/** Milliseconds before its end at which an invocation begins no other image. */
const STOP_BEFORE = 3 * 60_000

/** The world outside the rules: lines go to the log. */
const logged = (env: NodeJS.ProcessEnv, logger: Logger, name: string): Io => ({
  ...processIo(env),
  user: () => name,
  print: (line) => logger.info(line),
  say: (line) => logger.warn(line),
  progress: () => ({ show: () => {}, end: () => {} }),
})

/** What calls of one process have in common. */
const open = async (env: NodeJS.ProcessEnv, document: () => Promise<string>) => {
  const settings = readLambdaSettings(env)
  const store = await openStore(settings, env)
  return { settings, store, logger: createLogger(settings), rules: parseMirror(await document()) }
}

/** Reads what is deployed beside the code. */
const deployed = (): Promise<string> => readFile(new URL('./mirror.yaml', import.meta.url), 'utf8')

/**
 * Creates a handler.
 *
 * @param env holds the settings
 * @param document the rules
 * @returns a handler that throws where something could not be copied, so that Lambda counts an error
 */
export const createHandler = (env: NodeJS.ProcessEnv, document = deployed) => {
  const opened = once(() => open(env, document))
  return async (
    event: MirrorEvent,
    context: Pick<Context, 'functionName' | 'getRemainingTimeInMillis'>,
  ): Promise<void> => {
    const { settings, store, logger, rules } = await opened()
    const failed: string[] = []
    await runDue(store, {
      io: { ...logged(env, logger, context.functionName), openStore: async () => store },
      rules,
      settings,
      now: event.now === true,
      isOver: () => context.getRemainingTimeInMillis() < STOP_BEFORE,
      ran(rule, report) {
        const { failures } = report
        logger.info(reportObject(rule, report), 'a rule was run')
        for (const { what, why } of failures) logger.error({ rule, what, why }, 'it was not copied')
        if (failures.length > 0) failed.push(`${rule}: ${failures[0]!.why}`)
      },
    })
    if (failed.length > 0) throw new Error(failed.join('; '))
  }
}

/** The handler that the function's configuration names. */
export const handler = createHandler(process.env)
