/**
 * The environments of a Web Function: each takes some requests at once, and another is started for more.
 *
 * @module
 */

/** A process with the function's server. */
export interface Environment {
  readonly port: number
  /** Asks it to end, and ends it a second later (W15). Resolves once it has ended. */
  end(): Promise<void>
  /** Resolves once it has ended, for whatever reason. */
  readonly ended: Promise<void>
}

/** Starts an environment, and waits until its server listens. @throws Error when it does not (W16) */
export type StartEnvironment = () => Promise<Environment>

/** A request's place in an environment. */
export interface Place {
  readonly environment: Environment
  leave(): void
}

export interface FleetOptions {
  readonly start: StartEnvironment
  /** Requests at once in an environment (W14). */
  readonly concurrency: number
  /** Most environments. */
  readonly environments: number
}

export interface Fleet {
  /** Finds a place for a request, in a new environment if need be. @returns undefined if there is none */
  admit(): Promise<Place | undefined>
  /** Environments, and the requests under way in each. */
  readonly load: readonly number[]
  /** Starts an environment before there are requests. */
  prepare(): Promise<void>
  /** Resolves once no request is under way. */
  idle(): Promise<void>
  /** Ends all environments, whatever is under way in them. */
  end(): Promise<void>
}

interface Member {
  readonly environment: Promise<Environment>
  active: number
}

/** The environments of one revision of a function. */
export const createFleet = ({ start, concurrency, environments }: FleetOptions): Fleet => {
  const members = new Set<Member>()
  let whenIdle: (() => void)[] = []

  const add = (): Member => {
    const environment = start()
    const member: Member = { environment, active: 0 }
    members.add(member)
    const remove = () => void members.delete(member)
    environment.then(({ ended }) => ended.then(remove), remove)
    return member
  }

  const count = (): number => [...members].reduce((sum, { active }) => sum + active, 0)

  return {
    get load() {
      return [...members].map(({ active }) => active)
    },
    async admit() {
      const free = [...members].find(({ active }) => active < concurrency)
      if (free === undefined && members.size >= environments) return undefined
      const member = free ?? add()
      member.active += 1
      const leave = () => {
        member.active -= 1
        if (count() > 0) return
        for (const resolve of whenIdle) resolve()
        whenIdle = []
      }
      try {
        return { environment: await member.environment, leave }
      } catch (error) {
        leave()
        throw error
      }
    },
    async prepare() {
      await add().environment
    },
    async idle() {
      if (count() > 0) await new Promise<void>((resolve) => whenIdle.push(resolve))
    },
    async end() {
      const ending = [...members].map(async ({ environment }) => (await environment).end())
      await Promise.allSettled(ending)
    },
  }
}
