/**
 * All clients behind one interface, with accounts: log in, push, pull and copy. Each session has a
 * home directory of its own, so that it sees no credentials of another.
 *
 * @module
 */

import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { run, toolCache } from '../../support/live/process.ts'
import { type Account, homeIn, type OpenClient } from './client.ts'
import { dockerClient, load, startContainerd, startDocker29, startDockerd } from './daemons.ts'
import { readLayout } from './image.ts'
import { openPodman, openSkopeo } from './library-clients.ts'

/** Docker with one of its engines. All sessions share a daemon; each command has its own credentials. */
const openDocker =
  (start: typeof startDocker29): OpenClient =>
  async ({ address, directory, image }) => {
    const daemon = await start(directory, 'dockerd')
    const session = (account?: Account) => {
      const docker = dockerClient('/usr/bin/docker', daemon.socket, homeIn(directory))
      const { name = '', password = '' } = account ?? {}
      return {
        logIn: () => docker('login', '--username', name, '--password', password, address),
        async push(target: string) {
          const id = await load(daemon.docker, image, target)
          await docker('push', target)
          return id
        },
        async pull(source: string) {
          await docker('image', 'prune', '--all', '--force')
          await docker('pull', source)
          return (await docker('image', 'inspect', '--format', '{{.Id}}', source)).trim()
        },
        async pushPulled(source: string, target: string) {
          await docker('tag', source, target)
          await docker('push', target)
        },
      }
    }
    return {
      as: session,
      async copy(source, reader, target, writer) {
        const [from, to] = [session(reader), session(writer)]
        await from.logIn()
        await from.pull(source)
        await to.logIn()
        await to.pushPulled(source, target)
      },
      close: daemon.stop,
    }
  }

/** containerd with ctr, which has no log-in: each command is given the credentials. */
const openCtr: OpenClient = async ({ directory, image }) => {
  const inFreshStore = async <T>(
    body: (ctr: (...args: string[]) => Promise<string>) => Promise<T>,
  ): Promise<T> => {
    // Short names, since the paths of sockets must be short.
    const { ctr, stop } = await startContainerd(mkdtempSync(join(directory, 'c')), 'c')
    try {
      return await body(ctr)
    } finally {
      await stop()
    }
  }
  const options = (account?: Account): string[] => [
    '--plain-http',
    ...(account ? ['--user', `${account.name}:${account.password}`] : []),
  ]
  return {
    as: (account) => ({
      push: (target) =>
        inFreshStore(async (ctr) => {
          await ctr('images', 'import', '--no-unpack', '--base-name', 'source', image.ociArchive)
          await ctr('images', 'push', ...options(account), target, 'source:v1')
          return image.manifest
        }),
      pull: (source) =>
        inFreshStore(async (ctr) => {
          await ctr('content', 'fetch', ...options(account), source)
          const stored = (await ctr('content', 'ls', '-q')).trim().split('\n').sort()
          const complete = [image.manifest, image.config, ...image.layers].sort()
          return stored.join() === complete.join() ? image.manifest : stored.join()
        }),
    }),
    copy: (source, reader, target, writer) =>
      inFreshStore(async (ctr) => {
        await ctr('content', 'fetch', ...options(reader), source)
        await ctr('images', 'push', ...options(writer), target, source)
      }),
  }
}

const openCrane: OpenClient = async ({ address, directory, image }) => {
  const session = (account?: Account) => {
    const env = { DOCKER_CONFIG: homeIn(directory) }
    const crane = (...args: string[]) => run('crane', args, { env })
    const { name = '', password = '' } = account ?? {}
    return {
      crane,
      logIn: () => crane('auth', 'login', '-u', name, '-p', password, address),
      async push(target: string) {
        await crane('push', image.layout, target)
        return image.manifest
      },
      async pull(source: string) {
        const pulled = join(homeIn(directory), 'pulled')
        await crane('pull', '--format=oci', source, pulled)
        return readLayout(pulled).manifest
      },
    }
  }
  return {
    as: session,
    oneAccount: true,
    async copy(source, reader, target) {
      const { crane, logIn } = session(reader)
      await logIn()
      await crane('copy', source, target)
    },
  }
}

const openOras: OpenClient = async ({ address, directory, image }) => {
  const orasIn =
    (home: string) =>
    (...args: string[]) =>
      run('oras', args, { cwd: home, env: { DOCKER_CONFIG: home } })
  return {
    as: (account) => {
      const home = homeIn(directory)
      const oras = orasIn(home)
      const { name = '', password = '' } = account ?? {}
      return {
        logIn: () => oras('login', '--plain-http', '-u', name, '-p', password, address),
        async push(target) {
          await oras('cp', '--from-oci-layout', '--to-plain-http', `${image.layout}:v1`, target)
          return image.manifest
        },
        async pull(source) {
          const pulled = mkdtempSync(join(home, 'pulled-'))
          await oras('cp', '--to-oci-layout', '--from-plain-http', source, `${pulled}:v1`)
          return readLayout(pulled).manifest
        },
      }
    },
    mountsOwn: true,
    copy: (source, reader, target, writer) =>
      orasIn(homeIn(directory))(
        ...['cp', '--from-plain-http', '--to-plain-http'],
        ...['--from-username', reader.name, '--from-password', reader.password],
        ...['--to-username', writer.name, '--to-password', writer.password, source, target],
      ),
  }
}

const openRegctl: OpenClient = async ({ address, directory, image }) => {
  const session = (account?: Account) => {
    const home = homeIn(directory)
    const regctl = (...args: string[]) =>
      run('regctl', args, {
        cwd: home,
        env: { REGCTL_CONFIG: join(home, 'regctl.json'), DOCKER_CONFIG: home, HOME: home },
      })
    // It uses TLS unless told otherwise.
    const ready = regctl('registry', 'set', '--tls', 'disabled', '--skip-check', address)
    const { name = '', password = '' } = account ?? {}
    const after = async (...args: string[]) => {
      await ready
      return regctl(...args)
    }
    return {
      logIn: () => after('registry', 'login', '-u', name, '-p', password, address),
      async push(target: string) {
        await after('image', 'copy', `ocidir://${image.layout}:v1`, target)
        return image.manifest
      },
      async pull(source: string) {
        const pulled = mkdtempSync(join(home, 'pulled-'))
        await after('image', 'copy', source, `ocidir://${pulled}:v1`)
        return readLayout(pulled).manifest
      },
      copy: (source: string, target: string) => after('image', 'copy', source, target),
    }
  }
  return {
    as: session,
    oneAccount: true,
    async copy(source, reader, target) {
      const { logIn, copy } = session(reader)
      await logIn()
      await copy(source, target)
    },
  }
}

/** All clients by name. */
export const clients: Readonly<Record<string, OpenClient>> = {
  docker: openDocker(startDockerd),
  docker29: openDocker(startDocker29),
  podman: openPodman('podman'),
  skopeo: openSkopeo,
  ctr: openCtr,
  crane: openCrane,
  oras: openOras,
  regctl: openRegctl,
}

const DOCKER = ['/usr/bin/docker', '/usr/sbin/dockerd']
const DOCKER_29 = join(toolCache, 'docker29')

/** The programs that each client needs. */
export const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  docker: DOCKER,
  docker29: ['/usr/bin/docker', join(DOCKER_29, 'dockerd'), join(DOCKER_29, 'containerd')],
  podman: ['podman'],
  skopeo: ['skopeo'],
  ctr: ['containerd', 'ctr'],
  crane: ['crane'],
  oras: ['oras'],
  regctl: ['regctl'],
}
