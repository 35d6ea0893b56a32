/**
 * What all clients are to the suites: see clients.ts.
 *
 * @module
 */

import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { SourceImage } from './image.ts'

/** A user name and its password. */
export interface Account {
  readonly name: string
  readonly password: string
}

/** A client used by one account, or anonymously. */
export interface Session {
  /** Stores the password, or a token for it; absent if the client has no such command. */
  readonly logIn?: () => Promise<string>
  /** Pushes the source image. @returns what identifies an image for this client */
  push(target: string): Promise<string>
  /** Pulls into an empty store and checks the image. @returns what identifies it */
  pull(source: string): Promise<string>
}

export interface Client {
  /** A session that is not logged in yet. */
  as(account?: Account): Session
  /** Pulls as one account and pushes as another, or the same. */
  copy(source: string, reader: Account, target: string, writer: Account): Promise<unknown>
  /** Whether both must be the same account. */
  readonly oneAccount?: boolean
  /** Whether it requests no mount of what the account that pushes may not pull. */
  readonly mountsOwn?: boolean
  close?(): Promise<void>
}

/** What a client needs. */
export interface Place {
  /** `host:port` of the registry. */
  readonly address: string
  /** A directory of this client. */
  readonly directory: string
  readonly image: SourceImage
}

/** Opens a client of one kind. */
export type OpenClient = (place: Place) => Promise<Client>

/** An empty home directory. */
export const homeIn = (directory: string): string => mkdtempSync(join(directory, 'home-'))
