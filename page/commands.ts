/**
 * Commands that pull an image with the usual clients.
 *
 * @module
 */

import type { Kind } from './shapes.ts'

export interface Command {
  readonly client: string
  readonly text: string
}

/** What is pulled, and from where. */
export interface Pulled {
  /** Host and port of the registry. */
  readonly host: string
  /** Whether it is reached without TLS. */
  readonly plain: boolean
  readonly name: string
  /** A tag or a digest. */
  readonly reference: string
  readonly kind: Kind
}

const isLocal = (host: string): boolean => /^(?:localhost|127\.|\[::1\])/.test(host)

const join = (...words: readonly string[]): string => words.filter((each) => each !== '').join(' ')

/** The commands for what is pulled, the most usual one first. */
export const commandsFor = ({ host, plain, name, reference, kind }: Pulled): readonly Command[] => {
  const isDigest = reference.includes(':')
  const at = `${host}/${name}${isDigest ? '@' : ':'}${reference}`
  const file = name.slice(name.lastIndexOf('/') + 1)
  const insecure = plain && !isLocal(host)
  const generic: Command = {
    client: 'oras',
    text: join(
      'oras',
      kind === 'image' || kind === 'index' ? 'copy' : 'pull',
      plain ? '--plain-http' : '',
      at,
    ),
  }
  if (kind === 'chart') {
    // Helm writes `_` for the `+` of a version, which tags cannot have.
    const version = isDigest ? '' : `--version ${reference.replaceAll('_', '+')}`
    const chart = `oci://${host}/${name}${isDigest ? `@${reference}` : ''}`
    return [
      { client: 'helm', text: join('helm pull', chart, version, plain ? '--plain-http' : '') },
      generic,
    ]
  }
  if (kind !== 'image' && kind !== 'index') return [generic]
  return [
    { client: 'docker', text: `docker pull ${at}` },
    { client: 'podman', text: join('podman pull', insecure ? '--tls-verify=false' : '', at) },
    { client: 'crane', text: join('crane pull', insecure ? '--insecure' : '', at, `${file}.tar`) },
    { client: 'containerd', text: join('ctr images pull', plain ? '--plain-http' : '', at) },
  ]
}
