import { defineConfig } from 'vitest/config'

/**
 * Real programs and servers, each file with its own.
 *
 * @param files how many run at once: two where they wait for programs much of the time
 */
const live = (name: string, include: string, files = 1) => ({
  test: {
    name,
    include: [include],
    maxWorkers: files,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      live('slow', 'test/**/*.slow.ts'),
      live('conformance', 'test/conformance/*.suite.ts', 2),
      live('interop', 'test/interop/*.suite.ts', 2),
      live('aws', 'test/aws/*.suite.ts', 2),
      live('package', 'test/package/*.suite.ts', 2),
      live('e2e', 'test/e2e/*.suite.ts', 2),
      // They build the package, one after the other.
      live('image', 'test/image/*.suite.ts'),
    ],
  },
})
