import { existsSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { toolCache } from './test/support/live/process.ts'
import { PREFIX } from './test/support/temporary.ts'

/** Temporary directories in memory: flushing files to a disk was a quarter of the time. */
const MEMORY = '/dev/shm'

/** All that is written to a temporary directory goes with the run: memory is not to fill up with it. */
const TEMPORARY = join(existsSync(MEMORY) ? MEMORY : tmpdir(), `${PREFIX}${process.pid}`)

/** Modules as Node has compiled them, for the programs that tests start: half of what a short one costs. */
const COMPILED = fileURLToPath(new URL('node_modules/.cache/node', import.meta.url))

/**
 * Tests make much garbage and keep little. With V8's own limits its collector took a fifth of the time:
 * it looks through all that lives after every few bodies of some MiB, and after every 16 MiB of objects.
 */
const MUCH_GARBAGE = [
  '--min-semi-space-size=32',
  '--max-semi-space-size=32',
  '--initial-old-space-size=200',
  // Bodies count as what they are, and not against a limit of their own.
  '--external-memory-accounted-in-global-limit',
]

/** The C library keeps what bodies have used: to give it back and ask for it again took 7 % of the time. */
const KEPT_MEMORY = {
  MALLOC_TRIM_THRESHOLD_: String(256 * 1024 * 1024),
  MALLOC_MMAP_THRESHOLD_: String(256 * 1024 * 1024),
}

/** Tests without programs of others: a few seconds a file, with much the same modules. */
const quick = (
  name: string,
  include: readonly string[],
  exclude: readonly string[] = [],
  hosts: 'usual' | 'other' = 'usual',
) => ({
  test: {
    name,
    provide: { hosts },
    globalSetup: 'test/support/temporary.ts',
    env: {
      TMPDIR: TEMPORARY,
      NODE_COMPILE_CACHE: COMPILED,
      ...KEPT_MEMORY,
    },
    include: [...include],
    exclude: [...exclude],
    // Node loads the modules itself, as it does in a server: vite's calls for imports cost time.
    experimental: { viteModuleRunner: false },
    // A process loads its modules once, for all the files that it runs in turn: the AWS SDK and this
    // project take half a second of a processor, for each of some hundred files. What a file changes
    // of its process (its environment, a clock) it puts back.
    isolate: false,
    // The processors are busy: threads that help to collect garbage cost more than they help.
    execArgv: ['--single-threaded-gc', ...MUCH_GARBAGE],
    // Some files wait for connections and delays: four processes keep two processors busy.
    maxWorkers: availableParallelism() * 2,
    // Many times what any takes, also where others want the processor.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})

/**
 * Real programs and servers, each file with its own.
 *
 * @param files how many run at once: two where they wait for programs much of the time
 */
const live = (name: string, include: string, files = 1) => ({
  test: {
    name,
    provide: { hosts: 'usual' as const },
    // What `.ci/install` has built is on the path of the suites themselves, too: they hand it on.
    env: { PATH: `${join(toolCache, 'bin')}:${process.env.PATH}` },
    include: [include],
    maxWorkers: files,
    execArgv: MUCH_GARBAGE,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})

const EMULATORS = 'test/emulators/**/*.test.ts'
const WITHOUT_HOSTS = ['test/api/{errors,failures}.test.ts', 'test/api/tags-paging.slow.ts']

export default defineConfig({
  test: {
    // One line for each file, and all there is to know of what failed, at the end.
    reporters: ['default'],
    // What passes has nothing to say.
    silent: 'passed-only',
    slowTestThreshold: 30_000,
    projects: [
      quick('unit', ['test/**/*.test.ts'], [EMULATORS]),
      quick('emulators', [EMULATORS]),
      // The protocol's tables on the hosts that the unit tests leave out: servers on S3, and behind
      // gateways with other habits.
      quick('hosts', ['test/api/*.{test,slow}.ts'], WITHOUT_HOSTS, 'other'),
      live('slow', 'test/**/*.slow.ts', 2),
      live('conformance', 'test/conformance/*.suite.ts', 2),
      live('interop', 'test/interop/*.suite.ts', 2),
      live('aws', 'test/aws/*.suite.ts', 2),
      live('localstack', 'test/localstack/*.suite.ts', 2),
      live('package', 'test/package/*.suite.ts', 2),
      live('e2e', 'test/e2e/*.suite.ts', 2),
      // An hour with `.ci/long soak`.
      live('soak', 'test/soak/*.suite.ts'),
      // Clients that only `.ci/long others` installs.
      live('others', 'test/e2e/others/*.suite.ts'),
      // The contract of stores on a server of yours, see docs/s3-servers.md.
      ...(process.env.S3_ENDPOINT ? [live('external', 'test/storage/s3-external.ts')] : []),
      // `vitest bench`: figures to look at, which no run depends on.
      {
        test: {
          name: 'micro',
          include: [],
          testTimeout: 600_000,
          // Node loads the modules itself, as it does in a server: vite's calls for imports cost time.
          experimental: { viteModuleRunner: false },
          benchmark: { enabled: true, include: ['test/**/*.bench.ts'] },
        },
      },
      // They build the package, one after the other.
      live('image', 'test/image/*.suite.ts'),
    ],
  },
})
