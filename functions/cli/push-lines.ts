/**
 * What `slipway push` says to people.
 *
 * @module
 */

import type { PushedManifest } from '../transfer/push.ts'
import type { BlobExtent, Extent, SentBlob } from '../transfer/sender.ts'

const MEGABYTE = 1_000_000

const inMegabytes = (bytes: number): string => (bytes / MEGABYTE).toFixed(1)

const WAYS = {
  there: 'is there',
  mounted: 'was mounted',
  parts: 'was sent to the store',
  whole: 'was sent',
  chunks: 'was sent in chunks',
} as const

/** A line of the result: a blob. */
export const blobLine = ({ digest, way, size }: SentBlob): string =>
  `${digest} ${WAYS[way]} (${inMegabytes(size)} MB)`

/** A line of the result: a tag, or a manifest without one. */
export const manifestLine = ({ reference, digest }: PushedManifest): string =>
  `${reference} is ${digest}`

const bar = (sent: number, size: number): string =>
  `[${'#'.repeat(Math.round((size === 0 ? 1 : sent / size) * 20)).padEnd(20, '.')}]`

/** Characters of a digest that tell it from others. */
const SHORT = 'sha256:'.length + 12

const lineOf = ({ digest, sent, size }: BlobExtent): string => {
  const far = sent < size ? `${inMegabytes(sent)} of ${inMegabytes(size)} MB` : 'is being checked'
  return `${digest.slice(0, SHORT)} ${bar(sent, size)} ${far}`
}

/** Bytes for people. */
export const bytesShown = (bytes: number): string => {
  if (bytes < 1000) return `${Math.round(bytes)} B`
  if (bytes < MEGABYTE) return `${(bytes / 1000).toFixed(1)} kB`
  return bytes < 1000 * MEGABYTE
    ? `${inMegabytes(bytes)} MB`
    : `${(bytes / 1000 / MEGABYTE).toFixed(2)} GB`
}

/** Seconds for people. */
export const durationShown = (seconds: number): string => {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes} min ${whole % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** Most blobs that are shown on their way: there may be many small ones. */
const MOST_SHOWN = 6

/** What time is left at the speed so far; nothing before there is any. */
const leftAt = (sent: number, size: number, seconds: number): string =>
  sent > 0 && seconds >= 1 && sent < size
    ? `, ${durationShown(((size - sent) * seconds) / sent)} left`
    : ''

/** Lines that show how far a push is: one for each blob on its way, and one for all. */
export const progressLines = (
  { sent, size, blobs, ready, underWay }: Extent,
  seconds: number,
): readonly string[] => {
  const speed = seconds > 0 ? inMegabytes(sent / seconds) : '0.0'
  const all = `${inMegabytes(sent)} of ${inMegabytes(size)} MB, ${ready} of ${blobs} blobs, ${speed} MB/s${leftAt(sent, size, seconds)}`
  const shown = underWay.toSorted((a, b) => b.size - a.size).slice(0, MOST_SHOWN)
  return [...shown.map(lineOf), `${'all'.padEnd(SHORT)} ${bar(sent, size)} ${all}`]
}
