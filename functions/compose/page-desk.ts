/**
 * What the page works on. Nothing of it is loaded before somebody looks at the page.
 *
 * @module
 */

import type { AppOptions, PageDesk } from '../api/env.ts'
import { once } from '../shared/once.ts'
import type { OpenAccess } from './open-access.ts'

const openFiles = async (): ReturnType<PageDesk['files']> =>
  (await import('./page-files.ts')).openPageFiles()

/** The desk, by the access control that there is. @param files default: those that were built */
export const pageDesk = (
  issuing: AppOptions['issuing'],
  sessions: OpenAccess['sessions'],
  files: PageDesk['files'] = openFiles,
): PageDesk => ({
  files: once(files),
  open: sessions === undefined,
  sessions: async () => {
    if (sessions === undefined) throw new Error('there is no access control')
    return sessions()
  },
  people: async () => issuing?.people(),
})
