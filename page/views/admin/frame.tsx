/**
 * What those who administer see: tabs, and a view for each.
 *
 * @module
 */

import { Title } from '../../parts/small.tsx'
import { Empty, Waiting } from '../../parts/states.tsx'
import { toAdmin } from '../../router.ts'
import { useSession } from '../../session.ts'
import { ChangesView } from './changes.tsx'
import { DeletedRepositories } from './deleted.tsx'
import { Documents } from './documents.tsx'
import { RobotsView } from './robots.tsx'
import { UploadsView } from './uploads.tsx'
import { UsageView } from './usage.tsx'
import { UsersView } from './users.tsx'

/** Tabs, their views, and whether they are for those alone who administer all. */
const TABS = [
  ['usage', 'Usage', UsageView, false],
  ['deleted', 'Deleted', DeletedRepositories, false],
  ['uploads', 'Uploads', UploadsView, true],
  ['users', 'Users', UsersView, true],
  ['robots', 'Robots', RobotsView, true],
  ['documents', 'Policy and rules', Documents, true],
  ['changes', 'Changes', ChangesView, true],
] as const

export const Admin = ({ tab }: { readonly tab: string }) => {
  const { state } = useSession()
  if (state === undefined) return <Waiting />
  const { administers } = state
  const tabs = TABS.filter(([, , , all]) => administers === 'all' || !all)
  const [chosen, words, View] = tabs.find(([name]) => name === tab) ?? []
  if (administers === 'nothing' || View === undefined) {
    return (
      <>
        <Title>Administration</Title>
        <Empty title="You may not see this" />
      </>
    )
  }
  return (
    <>
      <nav class="tabs" aria-label="Administration">
        {tabs.map(([name, label]) => (
          <a key={name} href={toAdmin(name)} aria-current={name === chosen ? 'page' : undefined}>
            {label}
          </a>
        ))}
      </nav>
      <Title>{words}</Title>
      <View />
    </>
  )
}
