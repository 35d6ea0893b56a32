/**
 * Ends the process with one plain line on a Node that cannot run Slipway. It is JavaScript of the
 * plainest kind, and is imported before everything else, because such a Node may not even parse the
 * rest.
 *
 * @module
 */

const OLDEST = 24

if (Number(process.versions.node.split('.')[0]) < OLDEST) {
  process.stderr.write(`slipway needs Node ${OLDEST} or later; this is ${process.versions.node}.\n`)
  process.exit(1)
}
