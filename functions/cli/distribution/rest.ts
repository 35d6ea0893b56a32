/**
 * `log`, `validation`, and what is left.
 *
 * @module
 */

import type { Plan } from './plan.ts'
import type { Reading } from './reading.ts'

/** Levels that have another name here. */
const LEVELS: Readonly<Record<string, string>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  fatal: 'error',
  panic: 'error',
}

const log = (reading: Reading, { settings }: Plan): void => {
  const given = reading.text('log.level') ?? reading.text('loglevel')
  const level = given === undefined ? undefined : LEVELS[given.toLowerCase()]
  if (level !== undefined) settings.set('log-level', level)
  else if (given !== undefined) reading.lacks('log.level', `there is no level ${given}`)
  reading.text('loglevel')
  if (reading.flag('log.accesslog.disabled')) {
    reading.lacks(
      'log.accesslog',
      'each request is a line: --log-level warn leaves out what went well',
    )
  }
  if ((reading.text('log.formatter') ?? 'json') !== 'json') {
    reading.lacks('log.formatter', 'lines are JSON')
  }
  reading.needless('log.fields', 'what collects the lines adds fields of its own')
  reading.needless('log.reportcaller', 'lines say what happened')
  reading.lacks('log.hooks', 'what collects the lines sends mail')
}

/** Which images of an index must be there. */
const validation = (reading: Reading, { settings }: Plan): void => {
  const own = 'validation.manifests.indexes'
  const platforms = reading.text(`${own}.platforms`)
  const list = Array.from({ length: reading.count(`${own}.platformlist`) }, (_, at) => {
    const each = `${own}.platformlist.${at}`
    return `${reading.text(`${each}.os`)}/${reading.text(`${each}.architecture`)}`
  })
  if (platforms === 'none') settings.set('index-children', 'none')
  if (platforms === 'list' && list.length > 0) settings.set('index-children', list.join(','))
  if (reading.flag('validation.disabled') || reading.flag('validation.enabled') === false) {
    reading.lacks('validation', 'manifests are always checked')
  }
  reading.lacks('validation.manifests.urls', 'URLs of layers are not compared with patterns')
}

/** Says what is left. */
export const planRest = (reading: Reading, plan: Plan): void => {
  reading.text('version')
  log(reading, plan)
  validation(reading, plan)
  reading.needless('redis', 'there is no cache that servers share')
  reading.needless('health.storagedriver', 'the store is looked at by /readyz')
  for (const name of reading.names('health')) {
    if (name !== 'storagedriver') reading.lacks(`health.${name}`, 'only the store is looked at')
  }
  for (const key of ['catalog.maxentries', 'tags.maxtags']) {
    reading.needless(key, 'a page has at most 1000 names')
  }
  reading.lacks('policy', 'repositories have no classes: docs/access.md has policies')
  reading.lacks('reporting', 'errors are lines of the log')
  if (reading.flag('compatibility.schema1.enabled')) {
    reading.lacks('compatibility', 'manifests of schema 1 are refused')
  } else reading.needless('compatibility', 'manifests of schema 1 are refused')
}
