/**
 * The strict S3 in a process of its own, which takes no signature that is older than the soak's bound, and
 * fails as often as it is told to. Started by fork.
 *
 * @module
 */
import { type Fault, type FaultMatch, Faults } from '../emulators/s3/faults.ts'
import { startS3 } from '../emulators/s3/server.ts'
import { LANDING } from './times.ts'

/** What goes wrong, each as often as the others: errors, and connections that end before and after the call. */
const KINDS: readonly (readonly [string, Fault])[] = [
  ['503', { error: 'SlowDown' }],
  ['500', { error: 'InternalError' }],
  ['reset before', { drop: 'before' }],
  ['reset after', { drop: 'after' }],
  ['a second late', { delay: 1_000 }],
]

class OftenFaults extends Faults {
  share = 0
  readonly counts: Record<string, number> = {}

  override take(operation: string, key: string): Fault | undefined {
    const queued = super.take(operation, key)
    if (queued !== undefined || Math.random() >= this.share) return queued
    const [name, fault] = KINDS[Math.floor(Math.random() * KINDS.length)]!
    this.counts[name] = (this.counts[name] ?? 0) + 1
    return fault
  }

  // Nobody asks for others here.
  override next(_match: FaultMatch, _fault: Fault): void {}
}

const faults = new OftenFaults()
const server = await startS3({ faults, signatureLife: LANDING })
let calls = 0
/** It would remember each call. */
const forget = (): void => {
  calls += server.counter.total
  server.counter.reset()
}
setInterval(forget, 10_000).unref()
process.on('message', ({ share }: { readonly share: number }) => {
  faults.share = share
  forget()
  process.send?.({ counts: faults.counts, calls })
})
process.on('disconnect', () => process.exit())
const { endpoint, region, bucket, accessKeyId, secretAccessKey } = server
process.send?.({ endpoint, region, bucket, accessKeyId, secretAccessKey })
