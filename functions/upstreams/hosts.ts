/**
 * Hosts of registries, as names of images have them.
 *
 * @module
 */

/** What Docker Hub is called in names of images. */
export const DOCKER_HUB = 'docker.io'

/** Where Docker Hub's registry is. */
const HUB_ORIGIN = 'https://registry-1.docker.io'

const HUB_NAMES = new Set([DOCKER_HUB, 'index.docker.io', 'registry-1.docker.io'])

/** A name or an IPv4 address, and perhaps a port. */
const HOST =
  /^(?=.{1,253}(?::|$))[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::[1-9]\d{0,4})?$/

/** A host by its one name: in lower case, without the port of https, Docker Hub as `docker.io`. @returns undefined for no host */
export const hostNamed = (text: string): string | undefined => {
  const host = text.toLowerCase().replace(/:443$/, '')
  if (!HOST.test(host)) return undefined
  return HUB_NAMES.has(host) ? DOCKER_HUB : host
}

/** Scheme and host of a registry's API, of a host as {@link hostNamed} gives it. */
export const originOf = (host: string): string =>
  host === DOCKER_HUB ? HUB_ORIGIN : `https://${host}`

/** A repository as its registry calls it: Docker Hub's own images are in `library`, which may be left out. */
export const repositoryAt = (host: string, name: string): string =>
  host === DOCKER_HUB && !name.includes('/') ? `library/${name}` : name

/** All spellings of a host that {@link hostNamed} takes for the same. @param host as it gives it */
export const spellingsOf = (host: string): readonly string[] =>
  (host === DOCKER_HUB ? [...HUB_NAMES] : [host]).flatMap((name) =>
    name.includes(':') ? [name] : [name, `${name}:443`],
  )

/** All names that {@link repositoryAt} takes for the same. @param name as it gives it */
export const namesAt = (host: string, name: string): readonly string[] => {
  const [, short] = /^library\/([^/]+)$/.exec(name) ?? []
  return host === DOCKER_HUB && short !== undefined ? [name, short] : [name]
}

/** A host as a component of a repository's name, where a colon cannot be: hosts have no `_`. */
export const componentOf = (host: string): string => host.replace(':', '_')

/**
 * The host that a component of a name stands for.
 *
 * @returns undefined for what is none: without a dot or a port it is a name, as in docker's own
 */
export const hostInComponent = (component: string): string | undefined => {
  const host = component.replace(/_(\d+)$/, ':$1')
  return /[.:]/.test(host) ? hostNamed(host) : undefined
}
