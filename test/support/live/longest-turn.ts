/**
 * Loaded into a server under test with --import: measures the turns of its event loop, in CPU time of its
 * thread, which other processes of the machine change little. At SIGUSR2 it prints the longest since the
 * last time.
 *
 * @module
 */

const used = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

let longest = 0
let before = used()

const turn = (): void => {
  const now = used()
  longest = Math.max(longest, now - before)
  before = now
  setImmediate(turn)
}

setImmediate(turn)

process.on('SIGUSR2', () => {
  console.error(`longest turn: ${Math.round(longest)} ms`)
  longest = 0
})
