/**
 * Stands for pino's way to log from another thread, which the function never takes: 10 kB that each cold start
 * would read.
 *
 * @module
 */

/** @throws Error always */
export default class ThreadStream {
  constructor() {
    throw new Error('the function logs from its own thread')
  }
}
