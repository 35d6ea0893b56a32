/**
 * Makes an image of schema 2 of images of the first API, as docker 1.10 did with those that it had: the same images make
 * the same manifest, by whomever and whenever they are pushed.
 *
 * @module
 */

import { DOCKER_MANIFEST } from '../registry/media-types.ts'
import { digestOf } from '../registry/reference.ts'
import { goCompact, goString, goTime, rawMembers } from '../schema1/go-json.ts'
import { describe, type Image } from './image.ts'

const CONFIG = 'application/vnd.docker.container.image.v1+json'
const LAYER = 'application/vnd.docker.image.rootfs.diff.tar'

/** What Go writes for a time that is not given. */
const NO_TIME = '0001-01-01T00:00:00Z'

/** What schema 2 does not have, or has of its own. Go takes them in any case; no docker has written another. */
const DROPPED = ['id', 'parent', 'Size', 'parent_id', 'layer_id', 'throwaway']

/** What an image runs on where it does not say: docker before 0.9 knew nothing else. */
const USUAL = { architecture: 'amd64', os: 'linux' }

const timeOf = (created: string | null | undefined): string => goTime(created ?? NO_TIME) ?? NO_TIME

const stepOf = ({ json, layer }: Image): string => {
  const { created, author, comment, container_config } = describe(json)
  const command = container_config?.Cmd?.join(' ')
  const members = [
    ['created', goString(timeOf(created))],
    ['author', author && goString(author)],
    ['created_by', command && goString(command)],
    ['comment', comment && goString(comment)],
    ['empty_layer', layer.diffId === undefined && 'true'],
  ]
  return `{${members.flatMap(([name, value]) => (value ? [`"${name}":${value}`] : [])).join(',')}}`
}

/** A configuration and a manifest. */
export interface Built {
  readonly config: Buffer
  readonly manifest: Buffer
}

/** @param images from the top down, one at least */
export const buildImage = (images: readonly Image[]): Built => {
  const [top] = images
  if (top === undefined) throw new RangeError('there is no image')
  const upward = images.toReversed()
  const layers = upward.flatMap(({ layer }) => (layer.diffId === undefined ? [] : [layer]))
  const members = new Map(
    [...rawMembers(Buffer.from(top.json))].map(([name, raw]) => [name, goCompact(raw)]),
  )
  for (const name of DROPPED) members.delete(name)
  for (const [name, value] of Object.entries(USUAL)) {
    if (['', 'null', '""'].includes(members.get(name) ?? '')) members.set(name, goString(value))
  }
  members.set('created', goString(timeOf(describe(top.json).created)))
  const diffIds = layers.map(({ diffId = '' }) => goString(diffId)).join(',')
  members.set('rootfs', `{"type":"layers","diff_ids":[${diffIds}]}`)
  members.set('history', `[${upward.map(stepOf).join(',')}]`)
  const sorted = [...members].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const config = Buffer.from(
    `{${sorted.map(([name, value]) => `${goString(name)}:${value}`).join(',')}}`,
  )
  const manifest = {
    schemaVersion: 2,
    mediaType: DOCKER_MANIFEST,
    config: { mediaType: CONFIG, size: config.byteLength, digest: digestOf(config) },
    layers: layers.map(({ digest, size, isPacked }) => ({
      mediaType: isPacked ? `${LAYER}.gzip` : LAYER,
      size,
      digest,
    })),
  }
  return { config, manifest: Buffer.from(JSON.stringify(manifest, null, 3)) }
}
