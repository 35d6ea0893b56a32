import { defineConfig } from 'vitest/config'

/** A suite that wants both cores, and servers of its own: one file at a time. */
const live = (name: string, include: string) => ({
  test: {
    name,
    include: [include],
    fileParallelism: false,
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
      live('conformance', 'test/conformance/*.suite.ts'),
      live('interop', 'test/interop/*.suite.ts'),
      live('aws', 'test/aws/*.suite.ts'),
      live('e2e', 'test/e2e/*.suite.ts'),
    ],
  },
})
