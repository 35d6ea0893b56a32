/**
 * How clients take the Location of an upload: the one table that knows them, by User-Agent.
 *
 * @module
 */

/**
 * What a client does with the Location of an upload:
 *
 * - `follows`: goes to whatever host an absolute one names;
 * - `stays`: resolves a relative one, and refuses one on another host.
 */
export type LocationHabit = 'follows' | 'stays'

/** Clients that are one by their User-Agent. */
export interface UploadClient {
  /** As its users call it. */
  readonly name: string
  readonly userAgent: RegExp
  readonly habit: LocationHabit
  /** Where that is known from. */
  readonly source: string
  /** What it is tested with, in test/e2e/upload-origin.suite.ts; absent: its source is all there is. */
  readonly tested?: readonly string[]
}

/** The first row whose pattern is found in a User-Agent says what its client does. */
export const UPLOAD_CLIENTS: readonly UploadClient[] = [
  {
    name: 'Docker Engine, classic image store',
    userAgent: /^docker\/(?!.*\bcontainerd-client\/)/i,
    habit: 'follows',
    source: 'docker/distribution v2.8.3, registry/client: sanitizeLocation',
    tested: ['docker 20.10'],
  },
  {
    name: 'Docker Engine, containerd image store',
    userAgent: /^docker\/.*\bcontainerd-client\//i,
    habit: 'follows',
    source: 'containerd v2.3, core/remotes/docker/pusher.go',
    tested: ['docker 29'],
  },
  {
    name: 'containerd: ctr, nerdctl, Kubernetes',
    userAgent: /^containerd\//i,
    habit: 'follows',
    source: 'containerd v2.3, core/remotes/docker/pusher.go',
    tested: ['ctr 1.6'],
  },
  {
    name: 'BuildKit, buildx',
    userAgent: /^buildkit\//i,
    habit: 'follows',
    source: "BuildKit v0.33, util/push: containerd's pusher",
    tested: ['BuildKit 0.33'],
  },
  {
    name: 'Podman, Buildah, Skopeo, CRI-O',
    userAgent: /^(?:containers|skopeo|libpod|buildah|cri-o)\//i,
    habit: 'follows',
    source: 'containers/image v5.39, docker/docker_image_dest.go',
    tested: ['podman 4.3', 'buildah 1.28', 'skopeo 1.9'],
  },
  {
    name: 'go-containerregistry: crane, ko, kaniko, cosign',
    userAgent: /(?:^|\s)(?:go-containerregistry|kaniko)\b/i,
    habit: 'follows',
    source: 'go-containerregistry v0.22, pkg/v1/remote/write.go: nextLocation',
    tested: ['crane 0.22', 'ko 0.19', 'cosign 3.1'],
  },
  {
    name: 'regclient: regctl, regsync, regbot',
    userAgent: /^regclient\//i,
    habit: 'follows',
    source: 'regclient v0.11, scheme/reg/blob.go',
    tested: ['regctl 0.11'],
  },
  {
    name: 'slipway push, slipway proxy',
    userAgent: /^slipway\//i,
    habit: 'follows',
    source: 'functions/transfer',
    tested: ['this version'],
  },
  {
    name: 'Jib',
    userAgent: /^jib /i,
    habit: 'follows',
    source: 'jib-core 0.28, BlobPusher.java',
    tested: ['jib-maven-plugin 3.5'],
  },
  {
    // What it resolves is relative to the registry: chunks go there and to the other host in turn.
    name: "Rust's oci-client",
    userAgent: /^oci-client\//i,
    habit: 'follows',
    source: 'oci-client 0.18, client.rs: location_header_to_url',
    tested: ['oci-client 0.18'],
  },
  {
    // With a release of oras-go 2 before 2.6.1 for certain; Helm up to 3.17 has another library.
    name: 'ORAS to 1.3.2, Helm 3.18 to 3.20, 4.0 and 4.1',
    userAgent: /^(?:oras\/1\.(?:[0-2]|3\.[0-2](?!\d))|helm\/(?:3\.(?:18|19|20)|4\.[01]))(?!\d)/i,
    habit: 'follows',
    source: 'oras-go v2.6.0, registry/remote/repository.go: Push',
    tested: ['helm 4.1'],
  },
  {
    name: 'ORAS, Helm',
    userAgent: /^(?:oras|oras-go|helm)(?:\/|$)/i,
    habit: 'stays',
    source: 'oras-go v2.6.1, registry/remote/repository.go: sameUploadHost (GO-2026-5882)',
    tested: ['oras 1.3.6', 'helm 4.2'],
  },
]

/** What the client of a request does, or undefined for one that no row names. */
export const locationHabit = (userAgent: string | undefined): LocationHabit | undefined =>
  UPLOAD_CLIENTS.find((row) => row.userAgent.test(userAgent ?? ''))?.habit
