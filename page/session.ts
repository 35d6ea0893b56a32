/**
 * Who looks at the page.
 *
 * @module
 */

import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { SessionState } from './shapes.ts'

export interface Session {
  readonly state: SessionState | undefined
  /** Asks again who it is. */
  readonly look: () => Promise<void>
}

export const SessionContext = createContext<Session>({ state: undefined, look: async () => {} })

export const useSession = (): Session => useContext(SessionContext)
