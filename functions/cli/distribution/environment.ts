/**
 * Variables of distribution: REGISTRY_HTTP_ADDR is the key http.addr, and counts more than the file.
 *
 * @module
 */

import { plainYaml } from '../../shared/yaml.ts'
import { isMap, type Value, type Values } from './reading.ts'
import { type Env, variablesOf } from './variables.ts'

/** Names where a single word stands for the only thing in it: `REGISTRY_AUTH=htpasswd`. */
const OF_ONE = ['storage', 'auth']

/** Lists and maps are written as YAML; any other value is a text, so that no number loses its zeros. */
const readValue = (text: string): Value => {
  try {
    const value = plainYaml(text)
    return typeof value === 'object' && value !== null ? value : text
  } catch {
    return text
  }
}

/** The same map or list with something else at a path. */
const withValue = (into: Value, [name, ...rest]: readonly string[], value: Value): Value => {
  if (name === undefined) return value
  if (/^\d+$/.test(name) && (into === undefined || Array.isArray(into))) {
    const list: Value[] = [...(into ?? [])]
    const place = Math.min(Number(name), list.length)
    list[place] = withValue(list[place], rest, value)
    return list
  }
  const map = isMap(into) ? into : {}
  // Names of maps may be in any case, as those of headers are.
  const own = Object.keys(map).find((each) => each.toUpperCase() === name) ?? name.toLowerCase()
  return { ...map, [own]: withValue(map[own], rest, value) }
}

/** A word in place of a map: `storage: inmemory`. */
const normal = (config: Values): Values => ({
  ...config,
  ...Object.fromEntries(
    OF_ONE.flatMap((name): [string, Value][] => {
      const value = config[name]
      return typeof value === 'string' ? [[name, { [value]: {} }]] : []
    }),
  ),
})

/** A configuration with what variables say. */
export const withVariables = (config: Values, env: Env): Values =>
  variablesOf(env).reduce((all, name) => {
    const path = name.split('_').slice(1)
    return normal(withValue(all, path, readValue(env[name] ?? '')) as Values)
  }, normal(config))
