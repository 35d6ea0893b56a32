/**
 * What the registry keeps under which key.
 *
 * Distribution's own layout, so that the same bucket or directory serves both. Distribution writes
 * and removes the same keys; `_uploads/` is its alone:
 *
 * ```
 * docker/registry/v2/
 * ├─ blobs/<algorithm>/<first two of hex>/<hex>/
 * │  └─ data                       bytes of a blob or manifest
 * │                                written by: push                    removed by: clean-up
 * └─ repositories/<name>/
 *    ├─ _layers/<algorithm>/<hex>/
 *    │  └─ link                    "this repository has the blob"; holds its digest, and
 *    │                             says if it was condemned
 *    │                             written by: push, mount             removed by: blob delete, clean-up
 *    └─ _manifests/
 *       ├─ revisions/<algorithm>/<hex>/
 *       │  └─ link                 "this repository has the manifest"; holds its digest, and
 *       │                          says if it was condemned or deleted
 *       │                          written by: manifest push, delete   removed by: clean-up
 *       └─ tags/<tag>/
 *          ├─ current/link         the digest that the tag points at
 *          │                       written by: manifest push by tag    removed by: tag delete, and
 *          │                                                             delete of its manifest
 *          └─ index/<algorithm>/<hex>/
 *             └─ link              a digest that the tag once pointed at
 *                                  written by: distribution, and 1.0   removed by: the same deletes
 * ```
 *
 * What distribution has no place for, where its walkers never look:
 *
 * ```
 * slipway/v1/
 * ├─ catalog/<name>!               empty: the repository exists
 * │                                written by: its first manifest push, reindex
 * │                                                                    removed by: clean-up
 * ├─ aliases/<algorithm>/<hex>     sha256 digest of a blob pushed under another algorithm's
 * │                                written by: push, mount             removed by: clean-up
 * ├─ referrers/<name>/<algorithm>/<hex of subject>/
 * │  └─ <algorithm>/<hex>          descriptor of one referrer
 * │                                written by: manifest push and delete, reindex
 * │                                                                    removed by: clean-up
 * ├─ referrer-pages/<name>/<algorithm>/<hex of subject>/<first or where it begins>
 * │                                descriptors of many referrers, to read them at once
 * │                                written by: who lists them          removed by: expiry
 * ├─ uploads/<uuid>/
 * │  ├─ data-<nonce>               target of a multipart upload while the digest is unknown
 * │  ├─ <offset>-<nonce>           bytes from offset on that do not fill a part yet
 * │  ├─ head                       latest sealed state of an upload in chunks
 * │  └─ cancelled                  empty: the client cancelled it
 * │                                all written by: upload              removed by: its end, by expiry
 * ├─ uploads/v1/<name>/!/<id>      an image that a push by the first API has not finished, without its layer
 * │                                written by: push by the first API   removed by: expiry
 * ├─ v1/
 * │  ├─ images/<name>/!/<algorithm>/<hex>
 * │  │                             the images of the first API that a manifest consists of
 * │  └─ ids/<name>/!/<id>/<algorithm>/<hex>
 * │                                this image of the first API is in the manifest
 * │                                both written by: push and pull by the first API
 * │                                                                    removed by: clean-up
 * ├─ condemned/<algorithm>/<hex>   how the data of this sha256 digest stands with the clean-up
 * │                                written by: clean-up, and what a push or mount rescues
 * │                                                                    removed by: clean-up
 * ├─ deleted/<name>/!/<time>-<id>  what was deleted, by whom
 * │                                written by: deletes                 removed by: expiry
 * ├─ deleted-repositories/<name>/!
 * │                                deletes of the whole repository, and whether the last one is done
 * │                                written by: delete of a repository, undelete, clean-up
 * │                                                                    removed by: expiry
 * ├─ pulled/<name>/!/<algorithm>/<hex>
 * │                                empty: the manifest was pulled, about when this was written
 * │                                written by: servers                 removed by: clean-up
 * ├─ pulled/!since                 since when pulls are recorded, and until when at least
 * │                                written by: the same                removed by: nothing
 * ├─ clean-up/                     what runs of the clean-up note for each other: a lease, where one goes on
 * │  ├─ keeper-<id>                a registry with `gc` on runs, for how long at least
 * │  ├─ markers, markers-<id>      markers as they were last read
 * │  ├─ usage                      what the last walk found, in all
 * │  └─ usage-<id>/<number>        the same of some thousands of repositories
 * │                                all written and removed by: clean-up
 * ├─ quotas/<id>                   bytes that count in a quota
 * │                                written by: manifest push, undelete, clean-up
 * │                                                                    removed by: clean-up
 * ├─ damaged/<algorithm>/<hex>     bytes that were under this digest and do not have it
 * │                                written by: `slipway check`         removed by: nothing
 * ├─ failed-log-ins/<bucket>       failed log-ins of some addresses, by hashes
 * │                                written by: log-ins with passwords  removed by: expiry
 * ├─ fetched/<name>/!/<tag>        when an upstream was last asked for a tag, and what it said
 * │                                written by: pulls through           removed by: nothing
 * ├─ fetching/<algorithm>/<hex>    who fetches a blob from an upstream at the moment
 * │                                written by: pulls through           removed by: its end
 * ├─ search/
 * │  ├─ shards/<bucket>            what can be found of some of the repositories
 * │  └─ names, terms               the same of all, summed up
 * │                                written by: what sends events, clean-up, reindex
 * │                                                                    removed by: clean-up
 * └─ config/
 *    ├─ upload-secret              authenticates upload state
 *    │                             written by: the first instance, and `slipway keys` when it revokes
 *    ├─ signing-keys               private keys that sign tokens
 *    │                             written by: the first instance, `slipway keys`
 *    ├─ htpasswd, groups, robots   accounts
 *    │                             written by: `slipway user`, `group`, `robot`
 *    ├─ policy                     who may do what
 *    │                             written by: `slipway policy`
 *    ├─ retention                  which tags are immutable, and which go with age
 *    │                             written by: `slipway retention`
 *    ├─ quotas                     how many bytes repositories may have
 *    │                             written by: `slipway quota`
 *    ├─ issuers                    whose tokens are accepted beside our own
 *    │                             written by: `slipway issuers`
 *    ├─ event-receivers            who is told of what happens
 *    │                             written by: `slipway events`
 *    ├─ upstreams                  other registries, whose images are had from here
 *    │                             written by: `slipway upstreams`
 *    ├─ edge-cache                 where the edge looks up public repositories
 *    │                             written by: `slipway policy publish`
 *    │                                                               removed by: `policy unpublish`
 *    └─ clean-up                   a clean-up may run: all that write follow its protocol
 *                                  written by: the first instance that is told to
 * ```
 *
 * Expiry is the housekeeping of the Node server, the bucket's lifecycle rule, or the clean-up.
 * docs/clean-up.md has all of it in a table. Names, tags and digests
 * are checked before they reach this file; it does not check them again.
 *
 * @module
 */

const V2 = 'docker/registry/v2'
const OWN = 'slipway/v1'

/** Root of distribution's own layout. */
export const DISTRIBUTION_PREFIX = `${V2}/`

/** Root of all that distribution has no place for. */
export const OWN_PREFIX = `${OWN}/`

/** `sha256:ab…` as path segments `sha256/ab…`. */
const segments = (digest: string): string => digest.replace(':', '/')

/** Bytes of all blobs and manifests. */
export const BLOBS_PREFIX = `${V2}/blobs/`

/** Bytes of a blob or manifest, under its sha256 digest. */
export const dataKey = (digest: string): string => {
  const [algorithm, hex = ''] = digest.split(':')
  return `${BLOBS_PREFIX}${algorithm}/${hex.slice(0, 2)}/${hex}/data`
}

/** Root of everything distribution keeps of repositories. */
export const REPOSITORIES_PREFIX = `${V2}/repositories/`

const repository = (name: string): string => `${REPOSITORIES_PREFIX}${name}`

/** Says that the repository has the blob; holds the digest its data is under. */
export const layerLinkKey = (name: string, digest: string): string =>
  `${repository(name)}/_layers/${segments(digest)}/link`

/** All there is of a repository's manifests and tags. */
export const manifestsPrefix = (name: string): string => `${repository(name)}/_manifests/`

/** The links of all manifests that a repository has, or had. */
export const revisionsPrefix = (name: string): string => `${manifestsPrefix(name)}revisions/`

/** Says that the repository has the manifest; holds the digest its data is under. */
export const revisionLinkKey = (name: string, digest: string): string =>
  `${revisionsPrefix(name)}${segments(digest)}/link`

/** The digest in the key of a manifest's link, as text; undefined for any other key. */
export const revisionOf = (name: string, key: string): string | undefined => {
  const [algorithm, hex, end, more] = key.slice(revisionsPrefix(name).length).split('/')
  return end === 'link' && more === undefined ? `${algorithm}:${hex}` : undefined
}

/** One folder a tag. */
export const tagsPrefix = (name: string): string => `${manifestsPrefix(name)}tags/`

/** All there is of one tag. */
export const tagPrefix = (name: string, tag: string): string => `${tagsPrefix(name)}${tag}/`

/** End of the key that says what a tag points at. */
export const CURRENT_LINK = '/current/link'

/** Holds the digest the tag points at now. */
export const tagLinkKey = (name: string, tag: string): string =>
  `${tagsPrefix(name)}${tag}${CURRENT_LINK}`

/** One marker a repository, so that the catalog is a plain listing. */
export const CATALOG_PREFIX = `${OWN}/catalog/`

/** Longest name of a repository; one that long can have no other below it. */
const LONGEST_NAME = 255

/**
 * The name and a `!`, so that no marker's key is the prefix of another's: stores on file systems
 * (versitygw, MinIO) take no object `a` beside `a/b`. As `!` sorts before all that names are made
 * of, markers are in the order of names.
 */
export const catalogKey = (name: string): string =>
  `${CATALOG_PREFIX}${name}${name.length < LONGEST_NAME ? '!' : ''}`

/** The name in a marker's key. */
export const catalogName = (key: string): string =>
  key.slice(CATALOG_PREFIX.length).replace(/!$/, '')

/** Descriptors of all manifests that name a subject. */
export const REFERRERS_PREFIX = `${OWN}/referrers/`

/** Descriptors of the manifests that name a subject of this repository, by its sha256 digest. */
export const referrersOfPrefix = (name: string): string => `${REFERRERS_PREFIX}${name}/sha256/`

/** Descriptors of the manifests that name this subject. */
export const referrersPrefix = (name: string, subject: string): string =>
  `${REFERRERS_PREFIX}${name}/${segments(subject)}/`

/** The descriptor of one referrer. */
export const referrerKey = (name: string, subject: string, digest: string): string =>
  `${referrersPrefix(name, subject)}${segments(digest)}`

/** Pages of descriptors; a lifecycle rule may expire everything below it. */
export const REFERRER_PAGES_PREFIX = `${OWN}/referrer-pages/`

/** The descriptors of the referrers on a page. @param after the digest before it, unless it is the first */
export const referrerPageKey = (name: string, subject: string, after?: string): string =>
  `${REFERRER_PAGES_PREFIX}${name}/${segments(subject)}/${after?.replace(':', '-') ?? 'first'}`

/** Where blobs that were pushed under another algorithm's digest are. */
export const ALIASES_PREFIX = `${OWN}/aliases/`

/** Holds the sha256 digest of a blob that was pushed under another algorithm's. */
export const aliasKey = (digest: string): string => ALIASES_PREFIX + segments(digest)

/** Markers of the clean-up. */
export const CONDEMNED_PREFIX = `${OWN}/condemned/`

/** Says how data stands with the clean-up; see clean-up/marker.ts. Of the digest the data is under. */
export const markerKey = (target: string): string => CONDEMNED_PREFIX + segments(target)
/** Notes of all deletes. */
export const DELETIONS_PREFIX = `${OWN}/deleted/`

/** Notes of a repository's deletes. No name has a `!`, so none of a repository below it is here. */
export const deletionsPrefix = (name: string): string => `${DELETIONS_PREFIX}${name}/!/`

/**
 * The note of a delete.
 *
 * @param at milliseconds; notes are listed in the order of time
 */
export const deletionKey = (name: string, at: number, id: string): string =>
  `${deletionsPrefix(name)}${String(at).padStart(15, '0')}-${id}`

/** Deletes of whole repositories. */
export const DELETED_REPOSITORIES_PREFIX = `${OWN}/deleted-repositories/`

/** Deletes of this repository as a whole; see whole/note.ts. No key is the prefix of another's: names have no `!`. */
export const deletedRepositoryKey = (name: string): string =>
  `${DELETED_REPOSITORIES_PREFIX}${name}/!`

/** The repository in such a key; undefined for any other. */
export const deletedRepositoryOf = (key: string): string | undefined =>
  /^(.+)\/!$/.exec(key.slice(DELETED_REPOSITORIES_PREFIX.length))?.[1]

/** When manifests were last pulled. */
export const PULLED_PREFIX = `${OWN}/pulled/`

/** Pulls of a repository's manifests. No name has a `!`, so none of a repository below it is here. */
export const pulledPrefix = (name: string): string => `${PULLED_PREFIX}${name}/!/`

/** Says by the time when it was written about when the manifest was last pulled. */
export const pulledKey = (name: string, digest: string): string =>
  pulledPrefix(name) + segments(digest)

/** A manifest as it stands in a key. */
export interface ManifestInKey {
  readonly name: string
  /** As text: it may be none. */
  readonly digest: string
}

/** The manifest in a key below `prefix`, of {@link pulledKey} or {@link schema1Key}; undefined for any other key. */
export const manifestIn = (prefix: string, key: string): ManifestInKey | undefined => {
  const [name, rest, more] = key.slice(prefix.length).split('/!/')
  if (name === undefined || rest === undefined || more !== undefined) return undefined
  return { name, digest: rest.replace('/', ':') }
}

/** Manifests of schema 1 with their signatures, as they were pushed; the data of their digest is without. */
export const SCHEMA1_PREFIX = `${OWN}/schema1/`

/** The manifest with this digest, with its signatures. */
export const schema1Key = (name: string, digest: string): string =>
  `${SCHEMA1_PREFIX}${name}/!/${segments(digest)}`

/** What the first API knows of manifests. */
export const V1_PREFIX = `${OWN}/v1/`

const V1_IMAGES = `${V1_PREFIX}images/`
const V1_IDS = `${V1_PREFIX}ids/`

/** The images that a manifest consists of, from the top down. No name has a `!`. */
export const v1ImagesKey = (name: string, digest: string): string =>
  `${V1_IMAGES}${name}/!/${segments(digest)}`

/** The manifests of a repository that an image is in. @param id 64 hex digits */
export const v1IdPrefix = (name: string, id: string): string => `${V1_IDS}${name}/!/${id}/`

/** Says that the image is in the manifest. */
export const v1IdKey = (name: string, id: string, digest: string): string =>
  v1IdPrefix(name, id) + segments(digest)

/** The manifest in such a key, of {@link v1ImagesKey} or {@link v1IdKey}; undefined for any other key. */
export const v1ManifestIn = (key: string): ManifestInKey | undefined => {
  if (key.startsWith(V1_IMAGES)) return manifestIn(V1_IMAGES, key)
  const { name, digest = '' } = manifestIn(V1_IDS, key) ?? {}
  const [, ...rest] = digest.split(/[:/]/)
  return key.startsWith(V1_IDS) && name !== undefined && rest.length === 2
    ? { name, digest: rest.join(':') }
    : undefined
}

/** Since when pulls are recorded. */
export const PULLS_SINCE_KEY = `${PULLED_PREFIX}!since`

/** What runs of the clean-up note for each other. */
export const CLEAN_UP_PREFIX = `${OWN}/clean-up/`

/** One note of the clean-up. */
export const cleanUpKey = (name: string): string => CLEAN_UP_PREFIX + name

/** What mirrors note for each other. */
export const MIRROR_PREFIX = `${OWN}/mirror/`

/** One note of mirrors. */
export const mirrorKey = (name: string): string => MIRROR_PREFIX + name

/** Bytes that were under a digest that is not theirs; `slipway check` puts them there. */
export const DAMAGED_PREFIX = `${OWN}/damaged/`

/** Where the wrong bytes of a digest are put. */
export const damagedKey = (digest: string): string => DAMAGED_PREFIX + segments(digest)

/** Staged bytes of unfinished uploads; a lifecycle rule may expire everything below it. */
export const UPLOADS_PREFIX = `${OWN}/uploads/`

/** Objects on which the store tries what the service can do; gone within moments, or by expiry. */
export const SCRATCH_PREFIX = `${UPLOADS_PREFIX}scratch/`

/** Staged bytes of one upload. */
export const uploadPrefix = (uuid: string): string => `${UPLOADS_PREFIX}${uuid}/`

/** Target of one of an upload's multipart uploads while the digest is unknown. */
export const uploadDataKey = (uuid: string, nonce: string): string =>
  `${uploadPrefix(uuid)}data-${nonce}`

/** Bytes of an upload from `offset` on that do not fill a part yet. */
export const uploadSegmentKey = (uuid: string, offset: number, nonce: string): string =>
  `${uploadPrefix(uuid)}${offset}-${nonce}`

/** Holds the latest sealed state of an upload in chunks, for clients that come with an older one. */
export const uploadLatestStateKey = (uuid: string): string => `${uploadPrefix(uuid)}head`

/** Says that the client cancelled the upload. */
export const uploadCancelledKey = (uuid: string): string => `${uploadPrefix(uuid)}cancelled`

/** Images that pushes by the first API have not finished; they expire with uploads. No upload is called so. */
export const V1_UNFINISHED_PREFIX = `${UPLOADS_PREFIX}v1/`

/** What is known of an unfinished image. @param id 64 hex digits */
export const v1UnfinishedKey = (name: string, id: string): string =>
  `${V1_UNFINISHED_PREFIX}${name}/!/${id}`

/** Failed log-ins that all instances count; a lifecycle rule may expire everything below it. */
export const FAILED_LOG_INS_PREFIX = `${OWN}/failed-log-ins/`

/** Failed log-ins of the addresses in a bucket, one of a fixed number. */
export const failedLogInsKey = (bucket: string): string => FAILED_LOG_INS_PREFIX + bucket

/** What is known of what was fetched from upstreams. */
export const FETCHED_PREFIX = `${OWN}/fetched/`

/** What is known of the tags of a repository that was fetched. */
export const fetchedPrefix = (name: string): string => `${FETCHED_PREFIX}${name}/!/`

/** When the upstream was last asked for a tag, and what it said. No name has a `!`; see upstreams/tag-state.ts. */
export const fetchedTagKey = (name: string, tag: string): string => fetchedPrefix(name) + tag

/** Says that a repository was not here before it was fetched. No tag is called so; see upstreams/kept/mark.ts. */
export const fetchedMarkKey = (name: string): string => `${fetchedPrefix(name)}@`

/** What a key of what is known of a tag is about. */
export const fetchedOf = (key: string): { name: string; tag: string } | undefined => {
  const [name, tag, more] = key.slice(FETCHED_PREFIX.length).split('/!/')
  return name === undefined || tag === undefined || more !== undefined ? undefined : { name, tag }
}

/** Blobs that a process is fetching. */
export const FETCHING_PREFIX = `${OWN}/fetching/`

/** Says who fetches a blob from an upstream at the moment. @param upstream what stands for it; see upstreams/blobs/claim.ts */
export const fetchingKey = (digest: string, upstream: string): string =>
  `${FETCHING_PREFIX}${segments(digest)}/${upstream}`

/** The key that authenticates upload state, shared by all instances on this store. */
export const UPLOAD_SECRET_KEY = `${OWN}/config/upload-secret`

/** The private keys that sign tokens, shared by all instances on this store. */
export const SIGNING_KEYS_KEY = `${OWN}/config/signing-keys`

/** Users and their bcrypt hashes, in Apache's format. */
export const HTPASSWD_KEY = `${OWN}/config/htpasswd`

/** Groups and their members, in Apache's format. */
export const GROUPS_KEY = `${OWN}/config/groups`

/** Robot accounts and the digests of their secrets. */
export const ROBOTS_KEY = `${OWN}/config/robots`

/** Which claims of other issuers' tokens stand for a robot's secret. */
export const ROBOT_CLAIMS_KEY = `${OWN}/config/robot-claims`

/** Who may do what. */
export const POLICY_KEY = `${OWN}/config/policy`

/** Who has changed what is beside this; see auth/changes.ts. */
export const CHANGES_KEY = `${OWN}/config/changes`

/** Says that a clean-up may run on this store; see clean-up/fence.ts. */
export const FENCE_KEY = `${OWN}/config/clean-up`

/** Which tags are immutable, and which go with age. */
export const RETENTION_KEY = `${OWN}/config/retention`

/** How many bytes repositories may have. */
export const QUOTAS_KEY = `${OWN}/config/quotas`

/** Counts of quotas. */
export const QUOTAS_PREFIX = `${OWN}/quotas/`

/** The count of a quota. */
export const quotaKey = (id: string): string => QUOTAS_PREFIX + id

/** Whose tokens are accepted beside our own. */
export const ISSUERS_KEY = `${OWN}/config/issuers`

/** Who is told of what happens; events are on where there is one. */
export const EVENT_RECEIVERS_KEY = `${OWN}/config/event-receivers`

/** Other registries, whose images are had from here; see upstreams/parse.ts. */
export const UPSTREAMS_KEY = `${OWN}/config/upstreams`

/** Where an edge that keeps public repositories looks them up. */
export const EDGE_CACHE_KEY = `${OWN}/config/edge-cache`
