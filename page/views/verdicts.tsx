/**
 * What rules on tags would remove of a repository.
 *
 * @module
 */

import { previewRetention } from '../admin-api.ts'
import { bytes, plural } from '../format.ts'
import { useLoad } from '../load.ts'
import { Crumbs, Digest, Section, Title, Until } from '../parts/small.tsx'
import { Loaded } from '../parts/states.tsx'
import { Columns } from '../parts/table.tsx'
import { useSession } from '../session.ts'
import type { RetentionPreview } from '../shapes.ts'

/** Tags and manifests that go, and those that stay by another rule. */
export const Verdicts = ({ repository, verdicts, goes, stays, ...more }: RetentionPreview) => (
  <Section
    title={`What would go of ${repository}`}
    aside={`${plural(goes, 'goes', 'go')}, ${plural(stays, 'stays', 'stay')} by another rule`}
  >
    {more.pullsSince === null && (
      <p class="legend">Pulls are not recorded here, so everything counts as pulled.</p>
    )}
    {verdicts.length === 0 ? (
      <p class="legend last">No rule would remove anything of it now.</p>
    ) : (
      <div class="table-frame">
        <table>
          <caption class="hidden">Tags and manifests</caption>
          <Columns of={['Tag', 'What happens', ['Size', 'col-size'], ['Digest', 'col-digest']]} />
          <tbody>
            {verdicts.map(({ tag, digest, size, rule, removedBy, after, ...each }) => (
              <tr key={`${tag}@${digest}`}>
                <th scope="row">{tag ?? 'no tag'}</th>
                <td>
                  {each.goes
                    ? `goes by ${rule}`
                    : `stays by ${rule}, though ${removedBy} would remove it`}
                  {after !== undefined && (
                    <span class="muted">
                      {' '}
                      <Until date={after} />
                    </span>
                  )}
                </td>
                <td class="col-size">{bytes(size)}</td>
                <td class="col-digest">
                  <Digest digest={digest} name={repository} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    )}
  </Section>
)

/** By the rules in force, for those who administer the repository. */
export const GoingView = ({ name }: { readonly name: string }) => {
  const { state } = useSession()
  const loading = useLoad(() => previewRetention(name, undefined), [name, state?.name])
  return (
    <>
      <Crumbs name={name}>Rules</Crumbs>
      <Title>What rules say of {name}</Title>
      <Loaded loading={loading}>{(found) => <Verdicts {...found} />}</Loaded>
    </>
  )
}
