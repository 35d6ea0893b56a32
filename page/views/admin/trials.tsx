/**
 * What a policy, or rules on tags, would say: tried as they stand in the editor, whether they are saved or not.
 *
 * @module
 */

import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { previewRetention, testPolicy } from '../../admin-api.ts'
import { failureOf } from '../../load.ts'
import { type Field, Inputs } from '../../parts/acts.tsx'
import { announce } from '../../parts/announce.tsx'
import { Problem, Section } from '../../parts/small.tsx'
import { Columns } from '../../parts/table.tsx'
import type { PolicyDecisions, PolicyRule } from '../../shapes.ts'
import { Verdicts } from '../verdicts.tsx'

/** What is in the editor: the registry reads what is stored itself. */
export interface Tried {
  readonly text: string
  readonly isStored: boolean
}

/** A form whose fields stay as they are, and what came of it. */
const Trial = <T,>({
  title,
  inputs,
  button,
  act,
  children,
}: {
  readonly title: string
  readonly inputs: readonly Field[]
  readonly button: string
  readonly act: (values: Readonly<Record<string, string>>) => Promise<T>
  readonly children: (found: T) => ComponentChildren
}) => {
  const [found, setFound] = useState<T>()
  const [problem, setProblem] = useState<string>()
  const submit = async (form: HTMLFormElement) => {
    setProblem(undefined)
    setFound(undefined)
    const given = [...new FormData(form)].map(([name, value]) => [name, String(value).trim()])
    try {
      setFound(await act(Object.fromEntries(given)))
      announce('The result is there')
    } catch (thrown) {
      setProblem(failureOf(thrown).message)
    }
  }
  return (
    <>
      <form
        class="card fields"
        aria-label={title}
        onSubmit={(event) => {
          event.preventDefault()
          void submit(event.currentTarget)
        }}
      >
        <Inputs fields={inputs} />
        <button type="submit" class="button">
          {button}
        </button>
        <Problem text={problem} />
      </form>
      {found !== undefined && children(found)}
    </>
  )
}

const ruleText = ({ who, actions, repositories, effect }: PolicyRule): string => {
  const callers = who.map((each) => (typeof each === 'string' ? each : each.all.join(' and ')))
  const rights = actions.map((each) => (each === '*' ? 'pull, push, delete' : each))
  const may = effect === 'deny' ? 'may not' : 'may'
  return `${callers.join(', ')} ${may} ${rights.join(', ')} in ${repositories.join(', ')}`
}

const Decisions = ({ who, repository, decisions, rules, ...more }: PolicyDecisions) => (
  <Section title={`${who} in ${repository}`}>
    {more.grantsItself && (
      <p class="legend">This token says itself what it grants: the policy is not asked.</p>
    )}
    <div class="table-frame">
      <table>
        <caption class="hidden">Rights</caption>
        <Columns of={['Right', 'Decided', 'Why']} />
        <tbody>
          {decisions.map(({ action, allowed, rule }) => (
            <tr key={action}>
              <th scope="row">{action}</th>
              <td class={allowed ? 'allowed' : 'denied'}>{allowed ? 'allowed' : 'denied'}</td>
              <td>{rule === undefined ? 'no rule is about it' : `rule ${rule}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
    <dl class="texts">
      {rules.map((each) => (
        <div key={each.rule}>
          <dt>rule {each.rule}</dt>
          <dd>{ruleText(each)}</dd>
        </div>
      ))}
      {more.claims !== undefined && (
        <div>
          <dt>Tokens log in as it with</dt>
          <dd>{more.claims.join(' ')}</dd>
        </div>
      )}
      {more.robots.length > 0 && (
        <div>
          <dt>Its bearer can log in as</dt>
          <dd>{more.robots.map((name) => `robot:${name}`).join(', ')}</dd>
        </div>
      )}
    </dl>
  </Section>
)

/** Who may do what. */
export const PolicyTrial = ({ text, isStored }: Tried) => (
  <Trial
    title="Try the policy"
    inputs={[
      { name: 'as', label: 'Who', example: 'user:alice, robot:ci or anonymous' },
      { name: 'repository', label: 'Repository', example: 'team/app' },
    ]}
    button="Try policy"
    act={({ as = '', repository = '' }) =>
      testPolicy({ as, repository }, isStored ? undefined : text)
    }
  >
    {(found) => <Decisions {...found} />}
  </Trial>
)

/** What rules on tags would remove. */
export const RetentionTrial = ({ text, isStored }: Tried) => (
  <Trial
    title="Try the rules on tags"
    inputs={[{ name: 'repository', label: 'Repository', example: 'team/app' }]}
    button="Show what would go"
    act={({ repository = '' }) => previewRetention(repository, isStored ? undefined : text)}
  >
    {(found) => <Verdicts {...found} />}
  </Trial>
)
