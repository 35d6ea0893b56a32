/** Uploads that were broken off, and that somebody else has ended meanwhile. */

import { describe, expect, test } from 'vitest'
import { bytesBlob } from '../../functions/transfer/blobs/blob.ts'
import type { Resume } from '../../functions/transfer/blobs/resume.ts'
import { sendBlob } from '../../functions/transfer/blobs/send.ts'
import type { Outgoing, Reply } from '../../functions/transfer/registry/http.ts'
import { targetAt } from '../../functions/transfer/registry/target.ts'
import { sha256 } from './places.ts'

const ORIGIN = 'https://registry.example'
const MEBIBYTE = 1024 * 1024
const BYTES = Buffer.alloc(3 * MEBIBYTE)
const BLOB = bytesBlob(BYTES, sha256(BYTES))

const reply = (status: number, body: unknown = '', headers = {}): Reply => ({
  status,
  headers,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
})

/** A registry whose upload `old` answers so, and `new` as it should. @param there whether it has the blob afterwards */
const open = (old: { readonly part?: number; readonly commit?: number }, there: boolean) => {
  let heads = 0
  const answer = ({ method, url, body }: Outgoing): Reply => {
    const name = url.includes('old') ? 'old' : 'new'
    if (method === 'HEAD') return reply(there && heads++ > 0 ? 200 : 404)
    if (body !== undefined && 'open' in body) body.passed?.(body.size ?? 0)
    if (url.includes('store.example')) return reply(name === 'old' ? (old.part ?? 200) : 200)
    if (method === 'PUT') return reply(name === 'old' ? (old.commit ?? 201) : 201)
    if (url.endsWith('/uploads/')) {
      const headers = { location: '/new', 'slipway-upload': 'parts; one=33554432' }
      return reply(202, '', headers)
    }
    const parts = [1].map((number) => ({
      number,
      url: `https://store.example/${name}`,
      headers: {},
    }))
    return reply(200, { parts }, { location: `/${name}` })
  }
  const forgotten: string[] = []
  const send = async (outgoing: Outgoing) => answer(outgoing)
  const http = { send, open: async () => ({}) as never, close: () => {} }
  const resume: Resume = {
    recall: async () => ({
      location: `${ORIGIN}/old`,
      ...{ offer: { one: 0, several: undefined }, partSize: 8 * MEBIBYTE, received: [] },
    }),
    remember: async () => {},
    forget: async (_, digest) => void forgotten.push(digest),
  }
  return { target: targetAt(http, ORIGIN, 'app', http), resume, forgotten }
}

describe('an upload that was broken off', () => {
  test.each([
    ['goes on', {}, false, 'parts'],
    ['whose parts are gone begins anew', { part: 404 }, false, 'parts'],
    ['that was committed begins anew', { commit: 404 }, false, 'parts'],
    ['that another has ended is there', { part: 404 }, true, 'there'],
    ['that another has committed is there', { commit: 409 }, true, 'there'],
  ] as const)('%s', async (_, old, there, way) => {
    const { target, resume, forgotten } = open(old, there)
    let sent = 0
    const count = (bytes: number): void => {
      sent += bytes
    }
    const sending = { target, resume, sent: count }
    expect(await sendBlob(sending, BLOB)).toBe(way)
    expect(sent).toBe(way === 'parts' ? BLOB.size : 0)
    expect(forgotten).toContain(BLOB.digest)
  })

  test('that may not be ended is refused', async () => {
    const { target, resume } = open({ commit: 403 }, false)
    const sent = sendBlob({ target, resume, sent: () => {} }, BLOB)
    await expect(sent).rejects.toThrow('was refused: 403')
  })
})
