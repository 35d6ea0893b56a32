/**
 * A configuration of distribution, version 0.1, becomes settings and documents.
 *
 * @module
 */

import { plainYaml } from '../../shared/yaml.ts'
import { CommandError } from '../errors.ts'
import { planAccess, type ReadText } from './access.ts'
import { withVariables } from './environment.ts'
import { planHttp } from './http.ts'
import { planNotifications, planProxy } from './others.ts'
import { type FinishedPlan, newPlan } from './plan.ts'
import { isMap, readingOf, type Values } from './reading.ts'
import { planRest } from './rest.ts'
import { planStorage } from './storage.ts'

/** What the image of registry:2 and registry:3 has where it is told nothing. */
const DEFAULT: Values = { version: 0.1, http: { addr: ':5000' } }

/** Keys of `storage` that are no drivers, which one may give without saying where to store. */
const DRIVERS = ['filesystem', 's3', 'inmemory', 'azure', 'gcs', 'swift', 'oss']

/** Reads a file's text. @throws CommandError for what is no configuration */
const parsed = (text: string, path: string): Values => {
  let config: unknown
  try {
    config = plainYaml(text)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CommandError(`${path} is not YAML: ${why}`, { cause })
  }
  if (!isMap(config) || config.version === undefined) {
    throw new CommandError(`${path} is no configuration of distribution: it has no version`)
  }
  if (`${config.version}` !== '0.1') {
    throw new CommandError(`${path} is of version ${config.version}: only 0.1 is known`)
  }
  return config
}

/** Where nothing says where to store, as the image does. */
const withDriver = (config: Values): Values => {
  const { storage } = config
  const inside = isMap(storage) ? storage : {}
  const drivers = DRIVERS.filter((name) => Object.hasOwn(inside, name))
  if (drivers.length > 1) {
    throw new CommandError(`storage has ${drivers.join(' and ')}: distribution takes one`)
  }
  return drivers.length === 1 ? config : { ...config, storage: { ...inside, filesystem: {} } }
}

/** What is imported. */
export interface Imported {
  /** A file's text, and its name for messages; undefined: what the image has. */
  readonly file: { readonly text: string; readonly path: string } | undefined
  /** Variables that count more; undefined: none. */
  readonly env: Readonly<Record<string, string | undefined>> | undefined
  readonly readText: ReadText
}

/** Makes the plan. @throws CommandError for what is no configuration */
export const planFor = async ({ file, env = {}, readText }: Imported): Promise<FinishedPlan> => {
  const config = file === undefined ? DEFAULT : parsed(file.text, file.path)
  const reading = readingOf(withDriver(withVariables(config, env)))
  const plan = newPlan()
  planStorage(reading, plan)
  planHttp(reading, plan)
  await planAccess(reading, plan, readText)
  planNotifications(reading, plan)
  planProxy(reading, plan)
  planRest(reading, plan)
  return { ...plan, notes: reading.notes() }
}
