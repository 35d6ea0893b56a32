/**
 * Runs what action.yml and the examples of docs/access.md have, as GitHub's and GitLab's runners do: the steps' shell code,
 * unchanged, in shells of its own, with the variables that a job has.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { projectRoot, run } from '../../support/live/process.ts'
import { referenceBlocks } from './recipes.ts'

type Variables = Readonly<Record<string, string>>

/** A step of a workflow or of a composite action. */
interface Step {
  readonly run?: string
  readonly shell?: string
  readonly uses?: string
  readonly with?: Variables
  readonly env?: Variables
}

interface Action {
  readonly inputs: Readonly<
    Record<string, { readonly required?: boolean; readonly default?: string }>
  >
  readonly runs: { readonly using: string; readonly steps: readonly Step[] }
}

/** The example that begins with the name of a file, with names of the reader's own put in. */
export const example = (file: string, own: (text: string) => string) => {
  const found = referenceBlocks.filter(({ text }) => text.startsWith(`# ${file}\n`))
  assert.equal(found.length, 1, `docs/access.md has ${found.length} examples of ${file}`)
  return parse(own(found[0]!.text))
}

/** Puts values in for expressions: names of them, and the first that is not empty of several. */
const evaluate = (text: string, values: Variables): string =>
  text.replaceAll(/\$\{\{ (.*?) \}\}/g, (_, expression: string) => {
    const names = expression.split(' || ')
    for (const name of names) assert.ok(Object.hasOwn(values, name), `${name} is not known here`)
    return names.map((name) => values[name]).find(Boolean) ?? ''
  })

const evaluated = (variables: Variables = {}, values: Variables): Variables =>
  Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, evaluate(value, values)]),
  )

/** Where and with what a job runs. */
export interface Job {
  readonly directory: string
  readonly env: Variables
  /** What expressions stand for, beside inputs. */
  readonly values: Variables
}

/** Runs a step's code. A runner puts it into a file, and calls the shell that the step names. */
const runScript = (text: string, shell: string | undefined, env: Variables, cwd: string) => {
  const file = join(mkdtempSync(join(cwd, 'step-')), 'script.sh')
  writeFileSync(file, text)
  // https://docs.github.com/actions/reference/workflow-syntax-for-github-actions#defaultsrunshell
  const strict = shell === 'bash' ? ['--noprofile', '--norc', '-eo', 'pipefail'] : ['-e']
  return run('bash', [...strict, file], { env, cwd })
}

/** The action in this repository. */
const action: Action = parse(readFileSync(join(projectRoot, 'action.yml'), 'utf8'))

/** Runs the action of this repository. @returns what it printed */
export const runAction = async (given: Variables, { directory, env }: Job): Promise<string> => {
  for (const name of Object.keys(given)) assert.ok(action.inputs[name], `no input ${name}`)
  assert.equal(action.runs.using, 'composite')
  const inputs = Object.entries(action.inputs).map(([name, input]) => {
    const value = given[name] ?? input.default
    assert.ok(value !== undefined, `${name} is required`)
    return [`inputs.${name}`, value] as const
  })
  const values = Object.fromEntries(inputs)
  let printed = ''
  for (const step of action.runs.steps) {
    // Of a composite action each has to say its shell.
    assert.equal(step.shell, 'bash')
    assert.ok(step.run !== undefined && !step.run.includes('${{'), 'inputs go by variables')
    const own = evaluated(step.env, values)
    printed += await runScript(step.run, step.shell, { ...env, ...own }, directory)
  }
  return printed
}

/** Runs the steps of a job of GitHub Actions. */
export const runGithubJob = async (steps: readonly Step[], job: Job): Promise<void> => {
  for (const step of steps) {
    if (step.uses?.startsWith('actions/checkout@')) continue
    if (step.uses !== undefined) {
      assert.match(step.uses, /^OWNER\/slipway@v\d+$/)
      await runAction(evaluated(step.with, job.values), job)
      continue
    }
    assert.ok(step.run !== undefined)
    await runScript(evaluate(step.run, job.values), step.shell, job.env, job.directory)
  }
}

/** Runs the script of a job of GitLab, whose image has no bash. */
export const runGitlabJob = (script: readonly string[], { directory, env }: Job): Promise<string> =>
  run('sh', ['-ec', script.join('\n')], { env, cwd: directory })
