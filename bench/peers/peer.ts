/**
 * A registry that is measured, and how it is started.
 *
 * @module
 */

import { type Daemon, responds, startDaemon } from '../../test/support/live/process.ts'
import type { StoreLocation } from '../../test/support/live/registry.ts'

/** Registries by the names that results know them by. */
export type PeerName = 'slipway' | 'distribution' | 'distribution-2' | 'zot'

export interface PeerOptions {
  /** `host:port` to listen on, plain HTTP. */
  readonly address: string
  readonly store: StoreLocation
  /** Whether blobs are served by a redirect to the store; not on files. */
  readonly redirects: boolean
  /** An empty directory for what the program keeps beside its store. */
  readonly directory: string
  /** URL of a registry that Slipway or distribution is to be a mirror of, for repositories below `bench/`. Default: none. */
  readonly upstream?: string
}

/** A registry to measure. */
export interface Peer {
  readonly name: PeerName
  /** As tables call it. */
  readonly title: string
  /** What it says of its version. */
  version(): Promise<string>
  /** What differs from its defaults, for the page. */
  readonly settings: string
  start(options: PeerOptions): Promise<Daemon>
}

interface Program {
  readonly name: PeerName
  readonly address: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Starts a program and waits until it answers at its address. */
export const startProgram = ({ name, address, ...program }: Program): Promise<Daemon> =>
  startDaemon({
    ...program,
    name: `bench-${name}`,
    ready: () => responds(`http://${address}/v2/`),
  })
