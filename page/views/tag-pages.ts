/**
 * Tags of a repository, a page after the other.
 *
 * @module
 */

import { useEffect, useState } from 'preact/hooks'
import { getTags } from '../api.ts'
import { failureOf, type Loading } from '../load.ts'
import type { Right, Tag, TagPage } from '../shapes.ts'

/** How often the registry is asked for the rest of a page that it has not said all of. */
const ATTEMPTS = 5

export interface Tags {
  readonly tags: readonly Tag[]
  readonly next: string | undefined
  readonly rights: readonly Right[]
  /** Since when pulls are recorded, if they are. */
  readonly pullsSince: string | undefined
}

/**
 * Asks for a page, shows what is known, and asks for the rest: a page that nobody has looked at costs the registry more calls of
 * its store than it makes for one request.
 */
async function* pages(
  name: string,
  place: { readonly begins: string; readonly last: string | undefined },
): AsyncGenerator<TagPage> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const page = await getTags(name, place, attempt > 1)
    yield page
    if (page.complete) return
  }
}

export interface TagLoading {
  readonly loading: Loading<Tags>
  /** Whether more is on its way. */
  readonly busy: boolean
  /** Why there is no more, if it failed. */
  readonly failed: string | undefined
  readonly more: () => void
  readonly again: () => void
}

/** Loads the first page, and more when asked to. */
export const useTags = (name: string, begins: string, visitor: unknown): TagLoading => {
  const [loading, setLoading] = useState<Loading<Tags>>({ state: 'waiting' })
  const [wanted, setWanted] = useState<{ before: readonly Tag[]; last: string | undefined }>()
  const [busy, setBusy] = useState(false)
  const [failed, setFailed] = useState<string>()
  const start = () => setWanted({ before: [], last: undefined })
  useEffect(start, [name, begins, visitor])
  useEffect(() => {
    if (wanted === undefined) return undefined
    let current = true
    const { before, last } = wanted
    if (last === undefined) setLoading({ state: 'waiting' })
    setBusy(true)
    setFailed(undefined)
    const run = async (): Promise<void> => {
      for await (const { tags, ...page } of pages(name, { begins, last })) {
        if (!current) return
        const { next, rights, pullsSince } = page
        const value = { tags: [...before, ...tags], next, rights, pullsSince }
        setLoading({ state: 'there', value })
      }
    }
    run()
      .catch((thrown: unknown) => {
        const error = failureOf(thrown)
        if (!current) return
        if (last === undefined) setLoading({ state: 'failed', error })
        else setFailed(error.message)
      })
      .finally(() => current && setBusy(false))
    return () => {
      current = false
    }
  }, [wanted])
  const more = () => {
    if (loading.state !== 'there' || loading.value.next === undefined) return
    setWanted({ before: loading.value.tags, last: loading.value.next })
  }
  return { loading, busy, failed, more, again: start }
}
