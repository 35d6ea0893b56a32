/**
 * `slipway repo`: repositories.
 *
 * @module
 */

import { sayBytes } from '../../registry/quotas/bytes.ts'
import { parseName } from '../../registry/reference.ts'
import type { RepositoryUsage } from '../../registry/usage/usage.ts'
import { createTable } from '../aligned.ts'
import { confirmed } from '../confirm.ts'
import { CommandError } from '../errors.ts'
import { matcherOf } from '../patterns.ts'
import type { ImagesIo } from '../ways/images-io.ts'
import { removeRepository } from './delete.ts'
import { counted, inOneLine } from './undelete.ts'

interface ListGiven {
  readonly args: { readonly pattern: readonly string[] }
  readonly flags: { readonly json: boolean }
}

const bytesOf = (usage: Pick<RepositoryUsage, 'own' | 'shared'> | undefined): string =>
  usage === undefined ? '-' : sayBytes(usage.own + usage.shared)

/** `slipway repo list`. */
export const listRepositories = async (io: ImagesIo, { args, flags }: ListGiven): Promise<void> => {
  const matches = matcherOf(args.pattern)
  const sizes = await io.sizes()
  const table = createTable(io, [
    { title: 'REPOSITORY' },
    ...(sizes === undefined ? [] : [{ title: 'SIZE', right: true as const }]),
  ])
  let none = true
  for await (const name of io.repositories()) {
    if (!matches(name)) continue
    none = false
    const usage = sizes?.get(name)
    const { name: _, ...bytes } = usage ?? { name }
    if (flags.json) io.print(JSON.stringify({ repository: name, ...bytes }))
    else table.row(name, ...(sizes === undefined ? [] : [bytesOf(usage)]))
  }
  if (none) io.say('There are no repositories.')
  else if (!flags.json) table.end()
}

interface ShowGiven {
  readonly args: { readonly repository: string }
  readonly flags: { readonly json: boolean }
}

/** Tags of which names are shown. */
const SHOWN = 10

const absent = (name: string): CommandError => new CommandError(`there is no repository ${name}`)

/** How many tags there are, and what the first ones are. */
const tagsOf = async (io: ImagesIo, name: string) => {
  const first: string[] = []
  let count = 0
  for await (const tag of io.tags(name)) {
    count += 1
    if (count <= SHOWN) first.push(tag)
  }
  const more = count > first.length ? ', …' : ''
  return { count, text: count === 0 ? 'none' : `${count}: ${first.join(', ')}${more}` }
}

/** `slipway repo show`. @throws CommandError where there is none */
export const showRepository = (io: ImagesIo, { args, flags }: ShowGiven): Promise<void> =>
  inOneLine(async () => {
    const name = parseName(args.repository)
    if (!(await io.has(name))) throw absent(name)
    const tags = await tagsOf(io, name)
    const usage = await io.usageOf(name)
    if (flags.json) {
      io.print(JSON.stringify({ repository: name, tags: tags.count, ...(usage && { usage }) }))
      return
    }
    io.print(`repository   ${name}`)
    io.print(`tags         ${tags.text}`)
    if (usage === undefined) return
    const { own, shared, condemned, reclaimable, date } = usage
    io.print(`size         ${bytesOf(usage)}: ${sayBytes(own)} its own, ${sayBytes(shared)} shared`)
    if (condemned > 0) io.print(`condemned    ${sayBytes(condemned)}, in their grace`)
    if (reclaimable > 0) io.print(`reclaimable  ${sayBytes(reclaimable)}`)
    io.print(`counted      ${date.toISOString()}`)
  })

interface DeleteGiven {
  readonly args: { readonly repository: string }
  readonly flags: { readonly yes: boolean; readonly override: boolean }
}

/** `slipway repo delete`. @throws CommandError where there is none, or nobody confirms it */
export const deleteRepository = (io: ImagesIo, { args, flags }: DeleteGiven): Promise<void> =>
  inOneLine(async () => {
    const name = parseName(args.repository)
    if (!(await io.has(name))) throw absent(name)
    const tags = await tagsOf(io, name)
    const usage = await io.usageOf(name)
    const size = usage === undefined ? '' : `, ${bytesOf(usage)}`
    io.say(`All of ${name} goes: ${counted(tags.count, 'tag')}${size}.`)
    if (tags.count > 0) io.say(`Its tags are ${tags.text.replace(/^\d+: /, '')}.`)
    await confirmed(io, flags.yes)
    await removeRepository(io, name, flags.override)
  })
