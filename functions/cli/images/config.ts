/**
 * Configs of images (image-spec config.md), read as leniently as they are written.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import type { ImagesIo } from '../ways/images-io.ts'
import { blobsOf, hasConfig, type ReadImage } from './read.ts'

/** Most bytes of a config. */
const MOST = 4 * 1024 * 1024

/** A field that is taken where it is what it should be. */
const lenient = <T extends z.ZodMiniType>(schema: T) => z.catch(z.optional(schema), undefined)

const text = lenient(z.string())
const texts = lenient(z.array(z.string()))
const names = lenient(z.record(z.string(), z.unknown()))

const schema = z.object({
  ...{ created: text, author: text, architecture: text, os: text, variant: text },
  config: lenient(
    z.object({
      ...{ User: text, WorkingDir: text, StopSignal: text },
      ...{ Env: texts, Entrypoint: texts, Cmd: texts },
      ...{ ExposedPorts: names, Volumes: names },
      Labels: lenient(z.record(z.string(), z.string())),
    }),
  ),
  history: lenient(
    z.array(z.object({ created_by: text, comment: text, empty_layer: lenient(z.boolean()) })),
  ),
})

/** What a config says. */
export type ImageConfig = z.output<typeof schema>

/** The config of an image; undefined where it has none that is known, or it is not there. */
export const readConfig = async (
  io: Pick<ImagesIo, 'blob'>,
  name: string,
  image: ReadImage,
): Promise<ImageConfig | undefined> => {
  const [descriptor] = blobsOf(image)
  if (descriptor === undefined || !hasConfig(image)) return undefined
  const bytes = await io.blob(name, descriptor.digest, MOST)
  if (bytes === undefined) return undefined
  try {
    return schema.safeParse(JSON.parse(Buffer.from(bytes).toString())).data
  } catch {
    return undefined
  }
}

/** Settings of a config, a line each, in the order in which people look for them. */
export const settingsOf = ({ config, ...rest }: ImageConfig): readonly [string, string][] => {
  const words = (list: readonly string[] | undefined) => list && JSON.stringify(list)
  const { User, WorkingDir, StopSignal, Env = [], Entrypoint, Cmd, Labels = {} } = config ?? {}
  const ofNames = (what: string, all: Readonly<Record<string, unknown>> | undefined) =>
    Object.keys(all ?? {}).map((name): [string, string] => [what, name])
  const single: [string, string | undefined][] = [
    ['created', rest.created],
    ['author', rest.author],
    ['platform', [rest.os, rest.architecture, rest.variant].filter(Boolean).join('/')],
    ['user', User],
    ['directory', WorkingDir],
    ['entrypoint', words(Entrypoint)],
    ['command', words(Cmd)],
    ['stop signal', StopSignal],
  ]
  return [
    ...single.filter((each): each is [string, string] => !!each[1]),
    ...ofNames('port', config?.ExposedPorts),
    ...ofNames('volume', config?.Volumes),
    ...Env.map((each): [string, string] => ['env', each]),
    ...Object.entries(Labels).map(([name, value]): [string, string] => [
      'label',
      `${name}=${value}`,
    ]),
  ]
}
