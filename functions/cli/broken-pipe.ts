/**
 * Output that nobody reads any more.
 *
 * @module
 */

/** What shells have for a process that SIGPIPE has ended. */
const BROKEN_PIPE = 141

/** Ends the process where who reads has what they wanted, as `head` does. @throws any other error of the stream */
export const endWithReader = (
  stream: NodeJS.WriteStream,
  exit: (code: number) => void = process.exit,
): void => {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    exit(BROKEN_PIPE)
  })
}
