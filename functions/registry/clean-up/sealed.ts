/**
 * Documents that only we read: used as they were written, or not at all.
 *
 * @module
 */

import { createHash } from 'node:crypto'

const sumOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** A document as bytes. @param format changes with the meaning of any part of it */
export const seal = (format: number, document: unknown): Buffer => {
  const text = JSON.stringify(document)
  return Buffer.from(`${format} ${sumOf(text)}\n${text}`)
}

/** Whether it is as it was sealed, of whatever format. */
export const isSealed = (bytes: Buffer): boolean => {
  const text = bytes.toString()
  const cut = text.indexOf('\n')
  const [, sum] = /^\d+ ([0-9a-f]{64})$/.exec(text.slice(0, Math.max(0, cut))) ?? []
  return sum === sumOf(text.slice(cut + 1))
}

/** What was sealed; undefined when it is damaged, or of another format. The caller knows its type. */
export const unseal = (format: number, bytes: Buffer): unknown => {
  const text = bytes.toString()
  const cut = text.indexOf('\n')
  const rest = text.slice(cut + 1)
  return text.slice(0, Math.max(0, cut)) === `${format} ${sumOf(rest)}`
    ? JSON.parse(rest)
    : undefined
}
