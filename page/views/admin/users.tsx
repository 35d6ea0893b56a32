/**
 * Users of the registry.
 *
 * @module
 */

import { getUsers, putUser, removeUser } from '../../admin-api.ts'
import { plural } from '../../format.ts'
import { useLoad } from '../../load.ts'
import { Act, Fields } from '../../parts/acts.tsx'
import { Section } from '../../parts/small.tsx'
import { Loaded } from '../../parts/states.tsx'

const PASSWORD = { name: 'password', label: 'Password', type: 'password' } as const

export const UsersView = () => {
  const loading = useLoad(getUsers, [])
  const [, again] = loading
  return (
    <Loaded loading={loading}>
      {({ users, leftOut }) => (
        <>
          <Fields
            title="Add a user"
            fields={[{ name: 'name', label: 'Name' }, PASSWORD]}
            button="Add user"
            act={async ({ name = '', password = '' }) => {
              await putUser(name, password, true)
              again()
            }}
          />
          {leftOut.map((fault) => (
            <p key={fault} class="problem">
              {fault}
            </p>
          ))}
          <Section title="Users" aside={plural(users.length, 'user')}>
            <ul class="rows">
              {users.map(({ name, groups }) => (
                <li key={name} class="row">
                  <span class="row-main">
                    <span class="row-name">{name}</span>
                    <span class="row-about">{groups.join(', ') || 'in no group'}</span>
                  </span>
                  <span class="row-facts">
                    <Act
                      words="New password"
                      title={`A new password for ${name}?`}
                      answer="Set password"
                      fields={[PASSWORD]}
                      act={async ({ password = '' }) => void (await putUser(name, password, false))}
                    >
                      <p>Sessions and log-ins with the old one end.</p>
                    </Act>
                    <Act
                      words="Remove"
                      title={`Remove ${name}?`}
                      answer="Remove user"
                      act={async () => {
                        await removeUser(name)
                        again()
                      }}
                    >
                      <p>
                        The user can no longer log in, and leaves all groups. What they pushed
                        stays.
                      </p>
                    </Act>
                  </span>
                </li>
              ))}
            </ul>
          </Section>
        </>
      )}
    </Loaded>
  )
}
