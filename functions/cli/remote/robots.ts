/**
 * Robots of a registry.
 *
 * @module
 */

import { absent, checkName, present } from '../../auth/accounts/administer/errors.ts'
import { robotNameFault } from '../../auth/accounts/names.ts'
import * as z from '../../shared/schema.ts'
import { CommandError } from '../errors.ts'
import type { RobotsOf } from '../ways/accounts-io.ts'
import type { AdminApi } from './admin-api.ts'
import { NOT_THERE, THERE, withJson } from './ask-json.ts'
import { pagesOf } from './pages.ts'

const expires = z.nullable(z.string())
const secrets = z.array(z.object({ id: z.string(), expires }))
const page = z.object({ robots: z.array(z.object({ name: z.string(), secrets })) })
const made = z.object({ secret: z.string(), expires })

const pathOf = (name: string): string => `robots/${encodeURIComponent(name)}`

/** Seconds, as the API has lifetimes. */
const secondsOf = (milliseconds: number): number => Math.ceil(milliseconds / 1000)
const lifetimeOf = (life: number | null): number | null => life && secondsOf(life)

/** Whether there is a robot. */
export const hasRobot = async ({ ask }: AdminApi, name: string): Promise<boolean> =>
  (await ask(pathOf(name), [200, 404])).status === 200

/** Robots of a registry. Their secrets are made there. */
export const robotsOf = (registry: AdminApi): RobotsOf => {
  const { ask, json } = registry
  const mustExist = async (name: string): Promise<void> => {
    if (!(await hasRobot(registry, name))) throw absent('robot', name)
  }
  return {
    async robots() {
      const found = new Map<string, z.output<typeof secrets>>()
      for await (const { robots } of pagesOf(registry, 'robots', page)) {
        for (const each of robots) found.set(each.name, each.secrets)
      }
      return found
    },
    async addRobot(name, life) {
      checkName('robot', name, robotNameFault)
      if (await hasRobot(registry, name)) throw present('robot', name)
      if (life !== undefined) {
        return json('robots', made, withJson('POST', { name, lifetime: lifetimeOf(life) }))
      }
      await ask('robots', [201], withJson('POST', { name, secret: false }))
      return undefined
    },
    async rotateRobot(name, life, keep) {
      checkName('robot', name, robotNameFault)
      await mustExist(name)
      const body = { lifetime: lifetimeOf(life), keep: secondsOf(keep) }
      return json(`${pathOf(name)}/secrets`, made, withJson('POST', body))
    },
    async removeRobot(name) {
      const { status } = await ask(pathOf(name), [204, 404], { method: 'DELETE' })
      if (status === 404) throw absent('robot', name)
    },
    robotMustExist: mustExist,
    async bindRobot(name, claims) {
      await mustExist(name)
      // What it was bound to is replaced, whatever that is; it may come and go meanwhile.
      for (const condition of [THERE, NOT_THERE, THERE]) {
        const question = withJson('PUT', { claims }, condition)
        const { status } = await ask(`${pathOf(name)}/claims`, [204, 412], question)
        if (status === 204) return
      }
      throw new CommandError(`the claims of ${name} are being changed by others: try again`)
    },
    async unbindRobot(name) {
      const path = `${pathOf(name)}/claims`
      return (await ask(path, [204, 404], { method: 'DELETE' })).status === 204
    },
  }
}
