/**
 * `slipway copy` beside skopeo, crane and regctl: the same image from one docker-registry to another, each connection held
 * to 90 MB/s and 20 ms: `npm run bench:copy [-- ROUNDS [LAYERSxBYTES…]]`, after `npm run build`. It needs some GB below TMPDIR.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { freePort, projectRoot, run, scratch } from '../../test/support/live/process.ts'
import { pushImage } from '../client/push.ts'
import { createClient } from '../client/wire.ts'
import { createImageMaker } from '../content.ts'
import { distribution2 } from '../peers/distribution.ts'
import { pairedRatio, summarize } from '../statistics.ts'

/** How many times slower the lines are: on a machine that does other work, this shows what they cost alone. */
const SLOWER = Number(process.env.SLOWER ?? 1)
/** Milliseconds there and back. */
const ROUND_TRIP = 20 * SLOWER
/** Bytes a second of each connection. */
const RATE = 90_000_000 / SLOWER
const SHAPES = ['20x10000000', '200x10000', '1x1000000000']
const NAME = 'bench/app'

const files = scratch('bench-copy')
const home = join(files.path, 'home')
mkdirSync(home)
const env = { HOME: home, XDG_CACHE_HOME: home, REGCTL_CONFIG: join(home, 'regctl.json') }

/** Commands of the clients, by their names. */
const CLIENTS: Readonly<Record<string, (from: string, to: string) => readonly string[]>> = {
  slipway: (from, to) => [
    process.execPath,
    join(projectRoot, 'dist/slipway.mjs'),
    'copy',
    from,
    to,
  ],
  skopeo: (from, to) => [
    ...['skopeo', '--insecure-policy', 'copy', '--preserve-digests'],
    ...['--src-tls-verify=false', '--dest-tls-verify=false'],
    ...[`docker://${from}`, `docker://${to}`],
  ],
  crane: (from, to) => ['crane', 'copy', '--insecure', from, to],
  regctl: (from, to) => ['regctl', 'image', 'copy', from, to],
}

/** Starts a relay in a process of its own. */
const relayTo = async (port: number) => {
  const script = join(projectRoot, 'bench/copy/relay.ts')
  const child = spawn(process.execPath, [script, `${port}`, `${ROUND_TRIP}`, `${RATE}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { address: line.toString().trim(), stop: () => void child.kill() }
}

/** Starts an empty registry behind a relay. */
const startBehindRelay = async () => {
  const own = scratch('bench-copy-registry')
  const port = await freePort()
  const directory = join(own.path, 'own')
  const stored = join(own.path, 'store')
  for (const each of [directory, stored]) mkdirSync(each)
  const store = { directory: stored }
  const address = `127.0.0.1:${port}`
  const daemon = await distribution2.start({ address, store, redirects: false, directory })
  const relay = await relayTo(port)
  return {
    direct: address,
    address: relay.address,
    async stop() {
      relay.stop()
      await daemon.stop()
      own.remove()
    },
  }
}

const secondsOf = async ([command = '', ...args]: readonly string[]): Promise<number> => {
  const start = performance.now()
  await run(command, args, { env })
  return (performance.now() - start) / 1000
}

const measure = async (shape: string, rounds: number): Promise<void> => {
  const [layers = 1, layerBytes = 1] = shape.split('x').map(Number)
  const image = createImageMaker(layers * layerBytes).make({ layers, layerBytes })
  const source = await startBehindRelay()
  const client = createClient(`http://${source.direct}`)
  await pushImage(client, NAME, 'v1', image, 'containerd')
  client.close()
  const times = new Map<string, number[]>(Object.keys(CLIENTS).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, command] of Object.entries(CLIENTS)) {
      const target = await startBehindRelay()
      for (const { address } of [source, target]) {
        await run('regctl', ['registry', 'set', '--tls', 'disabled', address], { env })
      }
      const [from, to] = [`${source.address}/${NAME}:v1`, `${target.address}/${NAME}:v1`]
      times.get(name)!.push(await secondsOf(command(from, to)))
      const digest = await run('crane', ['digest', '--insecure', to], { env })
      if (digest.trim() !== image.manifest.digest) throw new Error(`${name}: ${digest}`)
      await target.stop()
    }
  }
  await source.stop()
  const ours = times.get('slipway')!
  console.table(
    [...times].map(([name, all]) => ({
      image: `${layers} × ${layerBytes / 1e6} MB`,
      client: name,
      'median, s': summarize(all).median,
      'times as fast is slipway': name === 'slipway' ? 1 : pairedRatio(all, ours),
    })),
  )
}

const [rounds = '3', ...shapes] = process.argv.slice(2)
writeFileSync(env.REGCTL_CONFIG, '{}')
console.log(
  `${cpus().length} processors (${cpus()[0]?.model}), load before: ${loadavg()[0]?.toFixed(1)}`,
)
try {
  for (const shape of shapes.length > 0 ? shapes : SHAPES) await measure(shape, Number(rounds))
} finally {
  files.remove()
}
