/**
 * The benchmark of pull-through: how long a crowd waits for an image that nobody has pulled yet, beside one pull
 * from the upstream itself, and how fast it is once it is here, beside an image that was pushed here.
 *
 * @module
 */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { freePort, scratch } from '../../test/support/live/process.ts'
import { pullImage } from '../client/pull.ts'
import { pushImage } from '../client/push.ts'
import { createClient } from '../client/wire.ts'
import { createImageMaker, type Image, type Shape } from '../content.ts'
import { distribution3 } from '../peers/distribution.ts'
import type { Peer } from '../peers/peer.ts'
import { slipwayPeer } from '../peers/slipway.ts'
import { measureUsage, processesOf } from '../process-usage.ts'
import { pairedRatio, summarize } from '../statistics.ts'
import { crowd } from './crowd.ts'
import { startHeld } from './held.ts'

const HELP = `usage: npm run bench:mirror -- [options]

  --clients N     clients that pull at once (default 100)
  --layers N      layers of the image (default 5)
  --bytes N       bytes of each (default 20000000)
  --rate N        bytes a second that the upstream sends, in all (default 10000000)
  --rounds N      pulls of each kind once it is here (default 5)
  --peers         distribution 3 beside Slipway, with a tenth of the clients for the first pull: it fetches for each
  --profiles DIR  write CPU profiles of Slipway there
`

/** Below this name, registries have what the upstream has. */
const NAME = 'bench/app'
/** Milliseconds after the first pull in which registries store what they have passed on. */
const REST = 3_000

interface Measured {
  readonly peer: string
  readonly clients: number
  /** Seconds of one pull from the upstream itself. */
  readonly direct: number
  /** Seconds until the last client had what nobody had pulled before. */
  readonly cold: number
  /** Seconds of CPU of the registry meanwhile. */
  readonly cpu: number
  /** GETs of each blob that the upstream got. */
  readonly fetches: number
  /** Seconds of pulls, once it is here. */
  readonly cached: readonly number[]
  /** Seconds of pulls of what was pushed. */
  readonly local: readonly number[]
}

interface Plan {
  readonly rate: number
  readonly rounds: number
  readonly clients: number
  readonly shape: Shape
}

/** Blobs that the upstream was asked for, by how often on average. */
const fetchesOf = (asked: readonly string[], { blobs }: Image): number =>
  asked.filter((line) => /^GET .*\/blobs\//.test(line)).length / blobs.length

/** Starts a registry with an empty store. @param upstream what it is a mirror of, if it is one */
const start = async (peer: Peer, root: string, upstream?: string) => {
  const [directory, stored] = [join(root, 'own'), join(root, 'store')]
  for (const each of [directory, stored]) mkdirSync(each, { recursive: true })
  const address = `127.0.0.1:${await freePort()}`
  const options = { address, store: { directory: stored }, redirects: false, directory }
  const daemon = await peer.start(upstream === undefined ? options : { ...options, upstream })
  return { ...daemon, address, client: createClient(`http://${address}`) }
}

const measure = async (peer: Peer, first: number, plan: Plan): Promise<Measured> => {
  const { clients, shape, rate, rounds } = plan
  const image = createImageMaker(shape.layers * shape.layerBytes).make(shape)
  const upstream = await startHeld({ image, rate })
  const root = scratch('bench-pull-through')
  const mirror = await start(peer, join(root.path, 'mirror'), `http://${upstream.address}`)
  const plain = await start(peer, join(root.path, 'plain'))
  try {
    const direct = await crowd(upstream.address, NAME, image, 1)
    await upstream.asked()
    const usage = measureUsage(...processesOf(mirror.pid))
    const cold = await crowd(mirror.address, NAME, image, first)
    const cpu = usage().cpuSeconds
    await sleep(REST)
    const fetches = fetchesOf(await upstream.asked(), image)
    await pullImage(mirror.client, NAME, 'v1', image, true)
    await pushImage(plain.client, NAME, 'v1', image, 'containerd')
    const [cached, local]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      cached.push(await crowd(mirror.address, NAME, image, clients))
      local.push(await crowd(plain.address, NAME, image, clients))
    }
    return { peer: peer.title, clients: first, direct, cold, cpu, fetches, cached, local }
  } finally {
    for (const { client, stop } of [mirror, plain]) {
      client.close()
      await stop()
    }
    upstream.close()
    root.remove()
  }
}

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '100' },
    layers: { type: 'string', default: '5' },
    bytes: { type: 'string', default: '20000000' },
    rate: { type: 'string', default: '10000000' },
    rounds: { type: 'string', default: '5' },
    peers: { type: 'boolean', default: false },
    profiles: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

const figure = (number: number): string => number.toPrecision(3)

const rowOf = ({ peer, clients, direct, cold, cpu, fetches, cached, local }: Measured) => {
  const [here, pushed] = [summarize(cached).median, summarize(local).median]
  return {
    registry: peer,
    'cold clients': clients,
    'direct, s': figure(direct),
    'last client, s': figure(cold),
    'last ÷ direct': figure(cold / direct),
    'CPU, s': figure(cpu),
    'GETs a blob': figure(fetches),
    'cached, s': figure(here),
    'local, s': figure(pushed),
    'cached ÷ local': figure(pairedRatio(cached, local)),
  }
}

const main = async (): Promise<void> => {
  const clients = Number(values.clients)
  const plan: Plan = {
    clients,
    rate: Number(values.rate),
    rounds: Number(values.rounds),
    shape: { layers: Number(values.layers), layerBytes: Number(values.bytes) },
  }
  const rows: ReturnType<typeof rowOf>[] = []
  const add = async (peer: Peer, first: number): Promise<void> => {
    rows.push(rowOf(await measure(peer, first, plan)))
    console.table(rows.slice(-1))
  }
  await add(slipwayPeer(values.profiles), clients)
  if (values.peers) await add(distribution3, Math.ceil(clients / 10))
}

if (values.help) console.log(HELP)
else await main()
