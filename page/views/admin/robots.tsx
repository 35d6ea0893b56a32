/**
 * Robots and their secrets, each of which is shown once.
 *
 * @module
 */

import { useState } from 'preact/hooks'
import { addRobot, getRobots, removeRobot, rotateRobot } from '../../admin-api.ts'
import { plural } from '../../format.ts'
import { useLoad } from '../../load.ts'
import { Act, Fields } from '../../parts/acts.tsx'
import { CopyButton } from '../../parts/copy.tsx'
import { Section, Until } from '../../parts/small.tsx'
import { Loaded } from '../../parts/states.tsx'
import type { MadeRobot, Robot } from '../../shapes.ts'

const Secret = ({ made }: { readonly made: MadeRobot }) => (
  <section class="card secret" role="status">
    <p>
      <strong>{made.account}</strong> has a new secret. It is shown now, and never again:
    </p>
    <p class="command">
      <code>{made.secret}</code>
      <CopyButton text={made.secret ?? ''} what="the secret" />
    </p>
  </section>
)

const Secrets = ({ secrets, claims }: Robot) => (
  <span class="row-about">
    {secrets.length === 0 && (claims ? 'logs in with tokens of an issuer' : 'has no secret')}
    {secrets.map(({ id, expires }, at) => (
      <span key={id}>
        {at > 0 && ', '}a secret{' '}
        {expires === null ? (
          'that does not expire'
        ) : (
          <>
            that ends <Until date={expires} />
          </>
        )}
      </span>
    ))}
  </span>
)

export const RobotsView = () => {
  const loading = useLoad(getRobots, [])
  const [made, setMade] = useState<MadeRobot>()
  const [, again] = loading
  const show = (robot: MadeRobot) => {
    setMade(robot)
    again()
  }
  return (
    <>
      {made !== undefined && <Secret made={made} />}
      <Loaded loading={loading}>
        {({ robots }) => (
          <>
            <Fields
              title="Add a robot"
              fields={[{ name: 'name', label: 'Name' }]}
              button="Add robot"
              act={async ({ name = '' }) => show(await addRobot(name))}
            />
            <Section title="Robots" aside={plural(robots.length, 'robot')}>
              <ul class="rows">
                {robots.map((robot) => (
                  <li key={robot.name} class="row">
                    <span class="row-main">
                      <span class="row-name">robot+{robot.name}</span>
                      <Secrets {...robot} />
                    </span>
                    <span class="row-facts">
                      <Act
                        words="New secret"
                        title={`A new secret for ${robot.name}?`}
                        answer="Make secret"
                        act={async () => show(await rotateRobot(robot.name))}
                      >
                        <p>Earlier secrets stay good for a day.</p>
                      </Act>
                      <Act
                        words="Remove"
                        title={`Remove ${robot.name}?`}
                        answer="Remove robot"
                        act={async () => {
                          await removeRobot(robot.name)
                          again()
                        }}
                      >
                        <p>Its secrets and claims go at once.</p>
                      </Act>
                    </span>
                  </li>
                ))}
              </ul>
            </Section>
          </>
        )}
      </Loaded>
    </>
  )
}
