/**
 * A registry under test: requests to it, and what was pushed to it and must be deleted in the end.
 *
 * @module
 */

import { type Asking, createAsking, type Place } from './asking.ts'
import { type Client, createClient } from './client.ts'
import { type Image, type LargeContent, largeContent } from './content.ts'
import { createPushing, type Pushed, type Pushing } from './pushing.ts'
import { reach } from './reach.ts'

/** Where to look, and as whom. */
export interface Target extends Place {
  /** Scheme and host that uploads must lead to; where it is not given, it is what POST says. */
  readonly pushHost?: string | undefined
}

/** The registry under test. */
export interface Session extends Target, Asking, Omit<Pushing, 'pushImage'> {
  readonly client: Client
  /** Another host than this one that takes uploads, if there is one. @throws Unmet */
  uploadHost(): Promise<string | undefined>
  /** Why there is no way to a host, if there is none; found out once. @param origin its scheme and host */
  unreachable(origin: string): Promise<string | undefined>
  /** The same repository, image and user at another host. @param origin its scheme and host */
  at(origin: string): Session
  /** An image, pushed when it is first asked for. @throws Unmet */
  image(): Promise<Image>
  /**
   * A layer of a usual size. There is one for all: nothing frees what it takes in the store, and a
   * registry reads it again to the end although it has it.
   */
  large(): LargeContent
  readonly pushed: Pushed
}

/** As what docker and containerd introduce themselves: two that follow uploads to another host. */
export const DOCKER = 'docker/29.1.0 go/go1.25.4 os/linux arch/amd64'
export const CONTAINERD = 'containerd/v2.2.0'

/** Bytes of the large one, which fits no request to Lambda. */
export const LARGE = 50_000_000

const whyNot = (origin: string): Promise<string | undefined> =>
  reach(origin).then(
    () => undefined,
    ({ message }: Error) => message,
  )

/** Creates a session; nothing is requested yet. */
export const createSession = (target: Target): Session =>
  sessionAt(target, createClient(), { manifests: new Set(), blobs: new Set() })

/** @param first the session of the registry's own address, unless this is it */
const sessionAt = (
  target: Target,
  client: Client,
  pushed: Pushed,
  first?: Pick<Session, 'image' | 'large'>,
): Session => {
  const { origin, repository, user } = target
  const asking = createAsking(client, target)
  const { pushImage, ...pushing } = createPushing(asking, pushed)
  const elsewhere = new Map<string, Session>()
  const ways = new Map<string, Promise<string | undefined>>()
  let own: Promise<Image> | undefined
  let large: LargeContent | undefined
  let host: Promise<string | undefined> | undefined

  const findUploadHost = async (): Promise<string | undefined> => {
    const found = new URL(await pushing.begin(DOCKER)).origin
    return found === origin ? undefined : found
  }

  const session: Session = {
    ...target,
    ...asking,
    ...pushing,
    client,
    uploadHost: () =>
      (host ??= target.pushHost ? Promise.resolve(target.pushHost) : findUploadHost()),
    unreachable: (other) => {
      const known = ways.get(other) ?? whyNot(other)
      ways.set(other, known)
      return known
    },
    at: (other) => {
      const its = { repository, user, origin: other, pushHost: other }
      const found = elsewhere.get(other) ?? sessionAt(its, client, pushed, session)
      elsewhere.set(other, found)
      return found
    },
    image: first?.image ?? (() => (own ??= pushImage())),
    large: first?.large ?? (() => (large ??= largeContent(LARGE))),
    pushed,
  }
  return session
}
