/**
 * Says in schema 1 what an image of schema 2 is, byte for byte as distribution 2 does (its
 * manifest/schema1/config_builder.go), so that both have the same digest.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import * as z from '../shared/schema.ts'
import { impossible } from './errors.ts'
import { goCompact, goString, goTime, rawMembers } from './go-json.ts'

/** The layer of what changes no files: the digest of an archive of nothing, in gzip; see empty-layer.ts. */
const EMPTY = 'a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4'

/** What Go writes for a time that is not given. */
const NO_TIME = '0001-01-01T00:00:00Z'

const text = z.optional(z.nullable(z.string()))

const CONFIG = z.object({
  architecture: text,
  rootfs: z.optional(
    z.nullable(
      z.object({ diff_ids: z.optional(z.nullable(z.array(z.string()))), base_layer: text }),
    ),
  ),
  history: z.array(
    z.object({
      created: text,
      author: text,
      created_by: text,
      comment: text,
      empty_layer: z.optional(z.nullable(z.boolean())),
    }),
  ),
})

type Step = z.infer<typeof CONFIG>['history'][number]

/** An image to convert. */
export interface Image {
  /** Of the repository. */
  readonly name: string
  readonly tag: string
  /** The bytes of its config. */
  readonly config: Uint8Array
  /** The digests of its layers, from the bottom up. */
  readonly layers: readonly string[]
}

const sha256 = (value: string | Uint8Array): string =>
  createHash('sha256').update(value).digest('hex')

const readConfig = (bytes: Uint8Array): z.infer<typeof CONFIG> => {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw impossible('its config is not JSON', cause)
  }
  const parsed = CONFIG.safeParse(json)
  if (!parsed.success) throw impossible('its config is not that of an image with a history')
  return parsed.data
}

const timeOf = ({ created }: Step): string => {
  const time = created == null ? NO_TIME : goTime(created)
  if (time === undefined) throw impossible(`its history has ${goString(created ?? '')} for a time`)
  return time
}

/** Of a layer below the top one: enough to have an id, not to run it. */
const belowOf = (step: Step, created: string, id: string, parent: string): string => {
  const members = [
    ['id', goString(id)],
    ['parent', parent && goString(parent)],
    ['comment', step.comment && goString(step.comment)],
    ['created', goString(created)],
    ['container_config', `{"Cmd":[${goString(step.created_by ?? '')}]}`],
    ['author', step.author && goString(step.author)],
    ['throwaway', step.empty_layer && 'true'],
  ]
  return `{${members.flatMap(([name, value]) => (value ? [`"${name}":${value}`] : [])).join(',')}}`
}

/** Of the top layer: the config, without what schema 1 did not have. */
const topOf = (config: Uint8Array, id: string, parent: string, isEmpty: boolean): string => {
  const members = new Map([...rawMembers(config)].map(([name, raw]) => [name, goCompact(raw)]))
  members.delete('rootfs')
  members.delete('history')
  members.set('id', goString(id))
  if (parent !== '') members.set('parent', goString(parent))
  if (isEmpty) members.set('throwaway', 'true')
  const sorted = [...members].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  return `{${sorted.map(([name, value]) => `${goString(name)}:${value}`).join(',')}}`
}

const list = (name: string, member: string, values: readonly string[]): string => {
  const entries = values.map((each) => `      {\n         "${member}": ${goString(each)}\n      }`)
  return `   "${name}": [\n${entries.join(',\n')}\n   ]`
}

/** A step of an image's history, as schema 1 and the first API have it: a layer with an id, and what is known of it. */
export interface OldStep {
  /** In hex. */
  readonly id: string
  /** Its JSON, in which the id is, and that of the step below it. */
  readonly json: string
  /** The digest of its layer; for a step that changes no files, that of an archive of nothing. */
  readonly layer: string
  /** The digest of its layer when it is unpacked; undefined for a step that changes no files. */
  readonly diffId: string | undefined
}

/**
 * The steps of an image from the top down, with the ids that distribution gives them: the same image has the same, under
 * whatever name.
 *
 * @throws Schema1Error MANIFEST_UNKNOWN for an image without a history, or whose history has other layers
 */
export const stepsOf = ({ config, layers }: Pick<Image, 'config' | 'layers'>) => {
  const { architecture, rootfs, history } = readConfig(config)
  const diffIds = rootfs?.diff_ids ?? []
  if (history.length === 0) throw impossible('its config has no history')
  if (diffIds.length !== layers.length) {
    throw impossible(
      `its config is of ${diffIds.length} layers, but its manifest has ${layers.length}`,
    )
  }
  const left = layers.map((digest) => digest.slice(digest.indexOf(':') + 1))
  const steps: OldStep[] = []
  let parent = ''
  for (const [at, step] of history.entries()) {
    const isEmpty = step.empty_layer ?? false
    const created = timeOf(step)
    const diffId = isEmpty ? undefined : diffIds[layers.length - left.length]
    const sum = isEmpty ? EMPTY : left.shift()
    if (sum === undefined) throw impossible('its history has more layers than it has')
    const layer = `sha256:${sum}`
    if (at === history.length - 1) {
      // The text of the config goes into the id of the image.
      const id = sha256(Buffer.concat([Buffer.from(`${sum} ${parent} `), config]))
      steps.unshift({ id, json: topOf(config, id, parent, isEmpty), layer, diffId })
    } else {
      const id = sha256(`${sum} ${parent}`)
      if (at === 0 && rootfs?.base_layer) {
        parent = createHash('sha384').update(rootfs.base_layer).digest('hex').slice(0, 64)
      }
      steps.unshift({ id, json: belowOf(step, created, id, parent), layer, diffId })
      parent = id
    }
  }
  return { architecture: architecture ?? '', steps }
}

/**
 * The manifest of schema 1 without a signature; the same image has the same at any time.
 *
 * @throws Schema1Error MANIFEST_UNKNOWN for an image without a history, or whose history has other layers
 */
export const convert = ({ name, tag, ...image }: Image): string => {
  const { architecture, steps } = stepsOf(image)
  return [
    '{',
    [
      '   "schemaVersion": 1',
      `   "name": ${goString(name)}`,
      `   "tag": ${goString(tag)}`,
      `   "architecture": ${goString(architecture)}`,
      list(
        'fsLayers',
        'blobSum',
        steps.map(({ layer }) => layer),
      ),
      list(
        'history',
        'v1Compatibility',
        steps.map(({ json }) => json),
      ),
    ].join(',\n'),
    '}',
  ].join('\n')
}
