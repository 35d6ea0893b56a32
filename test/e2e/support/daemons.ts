/**
 * Starts container daemons with empty stores, separate from those of the machine.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Daemon, run, startDaemon, toolCache } from '../../support/live/process.ts'
import type { SourceImage } from './image.ts'

/** Runs the client. @returns its standard output */
export type Docker = (...args: string[]) => Promise<string>

export interface Dockerd extends Daemon {
  readonly docker: Docker
  readonly socket: string
}

/** A client of the daemon on `socket` that stores credentials in the directory `config`. */
export const dockerClient =
  (
    program: string,
    socket: string,
    config: string,
    env: Readonly<Record<string, string>> = {},
  ): Docker =>
  (...args) =>
    run(program, ['--host', `unix://${socket}`, '--config', config, ...args], {
      // A client newer than the daemon must not insist on its own version of the protocol.
      env: { DOCKER_API_VERSION: '1.41', ...env },
    })

/**
 * Starts Debian's Docker, with its classic image store.
 *
 * @param storage `auto` lets Docker choose its storage driver: starting containers takes seconds with
 *   overlayfs and up to a minute with `vfs`, which copies the image each time but works everywhere
 * @param tcp a port of 127.0.0.1 that it listens on as well
 * @param flags further ones
 */
export const startDockerd = async (
  directory: string,
  name: string,
  storage: 'auto' | 'vfs' = 'vfs',
  tcp?: number,
  flags: readonly string[] = [],
): Promise<Dockerd> => {
  const root = join(directory, name)
  mkdirSync(root)
  const socket = join(root, 'docker.sock')
  const docker = dockerClient('/usr/bin/docker', socket, join(root, 'config'))
  const daemon = await startDaemon({
    name: 'dockerd',
    command: '/usr/sbin/dockerd',
    args: [
      ...['--host', `unix://${socket}`, '--data-root', join(root, 'data')],
      ...['--exec-root', join(root, 'exec'), '--pidfile', join(root, 'pid')],
      ...(storage === 'vfs' ? ['--storage-driver', 'vfs'] : []),
      ...(tcp === undefined ? [] : ['--host', `tcp://127.0.0.1:${tcp}`]),
      ...['--iptables=false', '--ip6tables=false', '--bridge=none'],
      ...flags,
    ],
    ready: () => docker('version').then(() => true),
  })
  const stop = async (): Promise<void> => {
    await daemon.stop()
    // Docker leaves the host's network mounted here after a container has used it.
    await run('umount', [join(root, 'exec/netns/default')]).catch(() => undefined)
  }
  return { ...daemon, docker, socket, stop }
}

/**
 * Starts Docker Engine 29, with the image store that it has by default, containerd's, and a containerd of
 * its own. It runs no containers: that would need a network and a shim.
 */
export const startDocker29 = async (directory: string, name: string): Promise<Dockerd> => {
  const root = join(directory, name)
  mkdirSync(root)
  const programs = join(toolCache, 'docker29')
  const containerd = await startContainerd(root, 'c', join(programs, 'containerd'))
  const socket = join(root, 'docker.sock')
  const docker = dockerClient('/usr/bin/docker', socket, join(root, 'config'))
  const daemon = await startDaemon({
    name: 'docker29',
    command: join(programs, 'dockerd'),
    args: [
      ...['--host', `unix://${socket}`, '--data-root', join(root, 'data')],
      ...['--exec-root', join(root, 'exec'), '--pidfile', join(root, 'pid')],
      ...['--containerd', containerd.socket, '--storage-driver=native'],
      ...['--iptables=false', '--ip6tables=false', '--bridge=none'],
    ],
    // Debian's client is older than the engine wants.
    env: { DOCKER_MIN_API_VERSION: '1.41' },
    ready: () => docker('version').then(() => true),
  }).catch(async (error) => {
    await containerd.stop()
    throw error
  })
  const stop = async (): Promise<void> => {
    await daemon.stop()
    await containerd.stop()
  }
  return { ...daemon, docker, socket, stop }
}

/** Loads the source image and tags it. @returns its ID, the digest of its config */
export const load = async (docker: Docker, image: SourceImage, target: string): Promise<string> => {
  await docker('load', '--input', image.dockerArchive)
  await docker('tag', `slipway.test/${image.name}:v1`, target)
  return (await docker('image', 'inspect', '--format', '{{.Id}}', target)).trim()
}

/** The digest that a push printed. */
export const pushed = (printed: string): string => {
  const digest = /digest: (sha256:[0-9a-f]{64}) size: \d+/.exec(printed)?.[1]
  assert.ok(digest, printed)
  return digest
}

export interface Containerd extends Daemon {
  readonly socket: string
  ctr(...args: string[]): Promise<string>
}

/** Starts containerd, by default Debian's. */
export const startContainerd = async (
  directory: string,
  name: string,
  command = 'containerd',
): Promise<Containerd> => {
  const root = join(directory, name)
  const socket = join(directory, `${name}.sock`)
  const config = join(directory, `${name}.toml`)
  // Pods and their network are not tested, and cannot always start in a container.
  writeFileSync(
    config,
    [
      'version = 2',
      `root = "${root}/root"`,
      `state = "${root}/state"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
      `[grpc]\naddress = "${socket}"`,
    ].join('\n'),
  )
  const ctr = (...args: string[]) => run('ctr', ['--address', socket, ...args])
  const daemon = await startDaemon({
    name: 'containerd',
    command,
    args: ['--config', config],
    // It forks itself to mount, and such a child may hang and outlive it.
    group: true,
    ready: () => ctr('version').then(() => true),
  })
  return { ...daemon, socket, ctr }
}
