/**
 * The clients of the library containers/image: podman, buildah, skopeo.
 *
 * @module
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../../support/live/process.ts'
import { type Account, homeIn, type OpenClient } from './client.ts'
import { readLayout } from './image.ts'

/** podman and skopeo share their library and its credentials file. */
const libraryEnv = (directory: string) => {
  const home = homeIn(directory)
  const file = join(home, 'auth.json')
  writeFileSync(file, '{}')
  // The cache that finds sources for mounts is also below the home directory.
  return { HOME: home, XDG_DATA_HOME: home, REGISTRY_AUTH_FILE: file, TMPDIR: directory }
}

/** How podman and buildah, which share nearly all of their commands, say the ID of an image. */
const IMAGE_ID = {
  podman: ['image', 'inspect', '--format', '{{.Id}}'],
  buildah: ['inspect', '--type', 'image', '--format', '{{.FromImageID}}'],
} as const

/** podman or buildah. */
export const openPodman =
  (program: keyof typeof IMAGE_ID): OpenClient =>
  async ({ address, directory, image }) => {
    const session = (account: Account | undefined, env: Record<string, string>) => {
      const podman = (store: string, ...args: string[]) =>
        run(
          program,
          [
            ...['--root', join(store, 'root'), '--runroot', join(store, 'run')],
            ...['--storage-driver', 'vfs', ...args],
          ],
          { env },
        )
      const { name = '', password = '' } = account ?? {}
      const insecure = '--tls-verify=false'
      const configOf = async (store: string, of: string) =>
        `sha256:${(await podman(store, ...IMAGE_ID[program], of)).trim()}`
      return {
        logIn: () =>
          podman(homeIn(directory), 'login', insecure, '-u', name, '-p', password, address),
        async push(target: string) {
          const store = homeIn(directory)
          const id = (
            await podman(store, 'pull', '--quiet', `oci-archive:${image.ociArchive}`)
          ).trim()
          await podman(store, 'push', insecure, id, `docker://${target}`)
          return configOf(store, id)
        },
        async pull(source: string, store = homeIn(directory)) {
          await podman(store, 'pull', '--quiet', insecure, `docker://${source}`)
          return configOf(store, source)
        },
        pushPulled: (store: string, source: string, target: string) =>
          podman(store, 'push', insecure, source, `docker://${target}`),
      }
    }
    return {
      as: (account) => session(account, libraryEnv(directory)),
      mountsOwn: true,
      async copy(source, reader, target, writer) {
        const env = libraryEnv(directory)
        const store = homeIn(directory)
        const [from, to] = [session(reader, env), session(writer, env)]
        await from.logIn()
        await from.pull(source, store)
        await to.logIn()
        await to.pushPulled(store, source, target)
      },
    }
  }

export const openSkopeo: OpenClient = async ({ address, directory, image }) => {
  const skopeoIn =
    (env: Record<string, string>) =>
    (...args: string[]) =>
      run('skopeo', ['--insecure-policy', ...args], { env })
  const credentials = ({ name, password }: Account): string => `${name}:${password}`
  return {
    as: (account) => {
      const skopeo = skopeoIn(libraryEnv(directory))
      const { name = '', password = '' } = account ?? {}
      return {
        logIn: () => skopeo('login', '--tls-verify=false', '-u', name, '-p', password, address),
        async push(target) {
          const source = `oci:${image.layout}:v1`
          // Otherwise it could substitute layers that it knows in another compression.
          const options = ['--preserve-digests', '--dest-tls-verify=false']
          await skopeo('copy', ...options, source, `docker://${target}`)
          return image.manifest
        },
        async pull(source) {
          const pulled = join(homeIn(directory), 'pulled')
          await skopeo('copy', '--src-tls-verify=false', `docker://${source}`, `oci:${pulled}:v1`)
          return readLayout(pulled).manifest
        },
      }
    },
    mountsOwn: true,
    copy: (source, reader, target, writer) =>
      skopeoIn(libraryEnv(directory))(
        ...['copy', '--src-tls-verify=false', '--dest-tls-verify=false'],
        ...['--src-creds', credentials(reader), '--dest-creds', credentials(writer)],
        ...[`docker://${source}`, `docker://${target}`],
      ),
  }
}
