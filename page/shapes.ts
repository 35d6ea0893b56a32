/**
 * What the registry answers; docs/openapi.json describes it.
 *
 * @module
 */

export type Kind = 'image' | 'index' | 'chart' | 'signature' | 'sbom' | 'attestation' | 'artifact'

export interface Repository {
  readonly name: string
  readonly description?: string
  readonly pushed?: string
  readonly tagCount?: number
  readonly size?: number
}

export interface Catalog {
  readonly repositories: readonly Repository[]
  readonly count: number
  readonly pages: number
  readonly indexed: boolean
  readonly sized: boolean
}

export interface Tag {
  readonly tag: string
  readonly digest: string
  readonly pushed: string
  readonly by?: string
  readonly pulled?: string
  readonly immutable: boolean
  readonly signed?: boolean | undefined
  readonly kind?: Kind
  readonly mediaType?: string
  readonly artifactType?: string
  readonly size?: number
  readonly platforms?: readonly string[]
}

/** Of those that the page asks for; others it offers nothing for. */
export type Right = 'delete' | 'override' | 'admin'

export interface TagPage {
  readonly rights: readonly Right[]
  readonly tags: readonly Tag[]
  readonly next?: string
  readonly pullsSince?: string
  readonly complete: boolean
}

export type Texts = Readonly<Record<string, string>>

export interface Descriptor {
  readonly digest: string
  readonly mediaType: string
  readonly size: number
  readonly annotations?: Texts
}

export interface Child extends Descriptor {
  readonly platform?: string
  /** The image that it says something of. */
  readonly about?: string
  readonly artifactType?: string
  readonly isManifest?: boolean
}

export interface Referrer extends Descriptor {
  readonly kind: Kind
  readonly artifactType?: string
}

export interface Step {
  readonly created?: string
  readonly by?: string
  readonly comment?: string
  readonly empty: boolean
}

export interface ImageConfig {
  readonly created?: string
  readonly author?: string
  readonly os?: string
  readonly architecture?: string
  readonly variant?: string
  readonly user?: string
  readonly workingDir?: string
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly env?: readonly string[]
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly labels?: Texts
  readonly stopSignal?: string
  readonly history: readonly Step[]
}

export interface Chart {
  readonly name?: string
  readonly version?: string
  readonly appVersion?: string
  readonly description?: string
  readonly type?: string
  readonly kubeVersion?: string
  readonly home?: string
  readonly keywords?: readonly string[]
  readonly sources?: readonly string[]
}

export interface Image {
  readonly rights: readonly Right[]
  readonly repository: string
  readonly digest: string
  readonly tag?: string
  readonly immutable?: boolean
  readonly kind: Kind
  readonly mediaType: string
  readonly manifestSize: number
  readonly artifactType?: string
  readonly annotations?: Texts
  readonly subject?: string
  readonly size?: number
  readonly config?: Descriptor
  readonly image?: ImageConfig
  readonly chart?: Chart
  readonly layers?: readonly Descriptor[]
  readonly children?: readonly Child[]
  readonly referrers: readonly Referrer[]
  readonly moreReferrers: boolean
}

export interface DeletePreview {
  readonly repository: string
  readonly digest?: string
  readonly manifest: boolean
  readonly tags: readonly { readonly tag: string; readonly immutable: boolean }[]
  readonly complete: boolean
  readonly referrers: number
  readonly moreReferrers: boolean
  readonly undeleteDays: number
}

export interface Deleted {
  readonly id: string
  readonly at: string
  readonly by?: string
  readonly rule?: string
  readonly digest: string
  readonly tag?: string
  readonly tags?: readonly string[]
  readonly isThere: boolean
}

export interface WholeDelete {
  readonly id: string
  readonly at: string
  readonly by?: string
  readonly pending: boolean
}

export interface Deletes {
  readonly name: string
  readonly whole: readonly WholeDelete[]
  readonly deletes: readonly Deleted[]
  /** The query of the next page; undefined after the last. */
  readonly next: string | undefined
}

export interface Undeleted {
  readonly manifests: number
  readonly tags: number
}

export interface SessionState {
  /** Who is signed in. */
  readonly name: string | null
  readonly expires?: string
  /** All of the registry, or some of its repositories. */
  readonly administers: 'all' | 'some' | 'nothing'
  /** Whether nothing can be changed here. */
  readonly readOnly: boolean
  /** Whether everybody may do everything, so that there is nobody to sign in. */
  readonly open: boolean
  readonly accounts: boolean
  readonly people: boolean
  /** Whether browsers keep a session here. */
  readonly secure: boolean
}

export interface RepositoryUsage {
  readonly name: string
  /** Bytes that no other repository has, and those that others have, too. */
  readonly own: number
  readonly shared: number
}

export interface Usage {
  readonly date: string
  readonly count?: number
  readonly pool?: {
    readonly kept: number
    readonly condemned: number
    readonly reclaimable: number
  }
  readonly repositories: readonly RepositoryUsage[]
}

export interface StagedUpload {
  readonly id: string
  readonly bytes: number
  readonly objects: number
  readonly since: string
  readonly latest: string
}

export interface DeletedRepository {
  readonly name: string
  readonly deletes: readonly Omit<WholeDelete, 'id'>[]
}

export interface Change {
  readonly at: string
  readonly document: string
  readonly by: string
  readonly sha256: string
}

export interface User {
  readonly name: string
  readonly groups: readonly string[]
}

export interface Robot {
  readonly name: string
  readonly groups: readonly string[]
  readonly secrets: readonly {
    readonly id: string
    readonly created: string
    readonly expires: string | null
  }[]
  readonly claims?: readonly string[]
}

export interface MadeRobot {
  readonly name: string
  readonly account: string
  readonly secret?: string
}

export interface PolicyRule {
  readonly rule: number
  readonly who: readonly (string | { readonly all: readonly string[] })[]
  readonly repositories: readonly string[]
  readonly actions: readonly string[]
  readonly effect?: string
}

export interface PolicyDecisions {
  readonly repository: string
  readonly who: string
  readonly decisions: readonly {
    readonly action: string
    readonly allowed: boolean
    readonly rule?: number
  }[]
  readonly rules: readonly PolicyRule[]
  readonly grantsItself: boolean
  readonly claims?: readonly string[]
  readonly robots: readonly string[]
}

export interface RetentionPreview {
  readonly repository: string
  readonly verdicts: readonly {
    readonly tag?: string
    readonly digest: string
    readonly goes: boolean
    readonly rule: string
    readonly removedBy: string
    readonly size: number
    readonly after?: string
  }[]
  readonly goes: number
  readonly stays: number
  /** Absent where no rule asks for pulls; null where they are not recorded. */
  readonly pullsSince?: string | null
}
