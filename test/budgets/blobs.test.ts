/**
 * What pushes of small blobs cost: those that fit in one part.
 *
 * @module
 */

import { describe, test } from 'vitest'
import { blob, type Content } from '../support/hosts/content.ts'
import { expectStatus, locationOf, type Send } from '../support/rig/client.ts'
import {
  begin,
  inChunks,
  pushAsContainerd,
  pushAsDocker,
  pushAtOnce,
  sendChunk,
} from '../support/rig/push.ts'
import { type Budget, meter } from './measure.ts'

const { open, costs } = await meter()
const send = await open()

const MEBIBYTE = 1024 * 1024
const NOTHING: Budget = { calls: {} }

let count = 0
/** A layer nobody has seen. */
const layer = (): Content => blob(`layer ${count++}`, MEBIBYTE)

describe('a layer of 1 MiB', () => {
  test('docker-style, with HEAD, POST, PATCH and PUT: 5', async () => {
    const budget: Budget = {
      // Link and data at once; the bytes, under their digest; whether it was cancelled, then the link.
      calls: { GetObject: 1, HeadObject: 2, PutObject: 2 },
      steps: 4,
    }
    await costs(budget, () => pushAsDocker(send, 'app', layer()))
  })

  test('containerd-style, with HEAD, POST and PUT: 4', async () => {
    const budget: Budget = { calls: { GetObject: 1, HeadObject: 1, PutObject: 2 }, steps: 3 }
    await costs(budget, () => pushAsContainerd(send, 'app', layer()))
  })

  test('PUT without a Content-Length: written, whatever is there', async () => {
    const { bytes, sha256 } = layer()
    const begun = await begin(send, 'app')
    await costs({ calls: { PutObject: 2 }, steps: 2 }, () =>
      expectStatus(201, send(`PUT ${locationOf(begun, `digest=${sha256}`)}`, inChunks(bytes))),
    )
  })

  test('POST with digest and bytes: 2', async () => {
    await costs({ calls: { PutObject: 2 }, steps: 2 }, () => pushAtOnce(send, 'app', layer()))
  })

  test('by sha512: links under both digests, and where sha512 finds the data', async () => {
    const { bytes, sha512 } = layer()
    await costs({ calls: { PutObject: 4 }, steps: 2 }, () =>
      expectStatus(201, send(`POST /v2/app/blobs/uploads/?digest=${sha512}`, bytes)),
    )
  })

  test('in four chunks with Content-Range: each staged and read once', async () => {
    const { bytes, sha256 } = layer()
    const quarter = MEBIBYTE / 4
    const budget: Budget = {
      // A chunk reads how far the upload is, is staged, and notes how far it is then. After the first
      // one, it also looks beside the read whether the upload was cancelled.
      calls: {
        PutObject: 3 * 2 + 2,
        GetObject: 3 + 3,
        HeadObject: 2,
        ListObjectsV2: 1,
        DeleteObjects: 1,
      },
      // Chunks 1 to 3 come one by one; the PUT brings the last: read, data, link, what to end, end.
      steps: 3 * 3 + 5,
    }
    await costs(budget, async () => {
      let answer = await begin(send, 'app')
      for (let at = 0; at < 3 * quarter; at += quarter) {
        const headers = { 'Content-Range': `${at}-${at + quarter - 1}` }
        const chunk = bytes.subarray(at, at + quarter)
        answer = await expectStatus(202, send(`PATCH ${locationOf(answer)}`, chunk, headers))
      }
      const last = bytes.subarray(3 * quarter)
      const put = send(`PUT ${locationOf(answer, `digest=${sha256}`)}`, last)
      await expectStatus(201, put)
    })
  })

  for (const push of [pushAsDocker, pushAsContainerd]) {
    test(`that the repository has, ${push.name}: the question alone, and then from memory`, async () => {
      const content = layer()
      await pushAtOnce(send, 'app', content)
      const fresh = await open()
      await costs({ calls: { GetObject: 1, HeadObject: 1 } }, () => push(fresh, 'app', content))
      await costs(NOTHING, () => push(fresh, 'app', content))
    })
  }

  test('whose digest does not match: nothing is written', async () => {
    const { bytes } = layer()
    const target = `/v2/app/blobs/uploads/?digest=${layer().sha256}`
    await costs(NOTHING, () => expectStatus(400, send(`POST ${target}`, bytes)))
  })
})

describe('uploads', () => {
  test('POST costs nothing', async () => {
    await costs(NOTHING, () => begin(send, 'app'))
    await costs(NOTHING, () => begin(send, 'app', '?digest-algorithm=sha512'))
  })

  test('status of one that has begun, of one with staged bytes', async () => {
    const begun = await begin(send, 'app')
    await costs({ calls: { GetObject: 1, HeadObject: 1 }, steps: 2 }, () =>
      expectStatus(204, send(`GET ${locationOf(begun)}`)),
    )
    const patched = await expectStatus(202, send(`PATCH ${locationOf(begun)}`, layer().bytes))
    await costs({ calls: { GetObject: 1, HeadObject: 2 }, steps: 2 }, () =>
      expectStatus(204, send(`GET ${locationOf(patched)}`)),
    )
  })

  test('more bytes without a range: a look at whether it was cancelled, beside the staging', async () => {
    const begun = await begin(send, 'app')
    const patched = await expectStatus(202, send(`PATCH ${locationOf(begun)}`, layer().bytes))
    await costs({ calls: { HeadObject: 1, PutObject: 1 }, steps: 1 }, () =>
      expectStatus(202, send(`PATCH ${locationOf(patched)}`, layer().bytes)),
    )
  })

  test('cancel: is it there; what it staged; its end and the note of it', async () => {
    const begun = await begin(send, 'app')
    const patched = await sendChunk(send, begun, layer().bytes)
    await costs(
      { calls: { HeadObject: 2, ListObjectsV2: 1, DeleteObjects: 1, PutObject: 1 }, steps: 4 },
      () => expectStatus(204, send(`DELETE ${locationOf(patched)}`)),
    )
  })

  test('cancel of one whose bytes are under their digest: they are not the upload’s', async () => {
    const begun = await begin(send, 'app')
    const patched = await expectStatus(202, send(`PATCH ${locationOf(begun)}`, layer().bytes))
    await costs({ calls: { HeadObject: 2, ListObjectsV2: 1, PutObject: 1 }, steps: 3 }, () =>
      expectStatus(204, send(`DELETE ${locationOf(patched)}`)),
    )
  })

  test('a chunk out of order: how far the upload is, and again for the answer', async () => {
    const begun = await begin(send, 'app')
    const headers = { 'Content-Range': '7-9' }
    await costs({ calls: { GetObject: 2 }, steps: 2 }, () =>
      expectStatus(416, send(`PATCH ${locationOf(begun)}`, Buffer.from('abc'), headers)),
    )
  })
})

describe('mounts', async () => {
  const content = layer()
  await pushAtOnce(send, 'source', content)
  const mount = (from: string, digest: string, to: Send = send, status = 201) =>
    expectStatus(status, to(`POST /v2/target/blobs/uploads/?mount=${digest}${from}`))

  test('from a repository: its link and the data at once, ours written', async () => {
    const fresh = await open()
    await costs({ calls: { GetObject: 1, HeadObject: 1, PutObject: 1 }, steps: 2 }, () =>
      mount('&from=source', content.sha256, fresh),
    )
  })

  test('from any: the data looked at, our link written', async () => {
    const fresh = await open()
    await costs({ calls: { HeadObject: 1, PutObject: 1 }, steps: 2 }, () =>
      mount('', content.sha256, fresh),
    )
  })

  test('of what was pushed a moment ago: our link written', async () => {
    for (const from of ['&from=source', '']) {
      await costs({ calls: { PutObject: 1 }, steps: 1 }, () => mount(from, content.sha256))
    }
  })

  test('by sha512: the link names the data, which is looked at next; our links written', async () => {
    const { bytes, sha512 } = layer()
    await expectStatus(201, send(`POST /v2/source/blobs/uploads/?digest=${sha512}`, bytes))
    for (const from of ['&from=source', '']) {
      const fresh = await open()
      await costs({ calls: { GetObject: 1, HeadObject: 1, PutObject: 3 }, steps: 3 }, () =>
        mount(from, sha512, fresh),
      )
    }
  })

  test('of what is not there: what is asked at once, and an upload has begun', async () => {
    const { sha256 } = layer()
    await costs({ calls: { GetObject: 1, HeadObject: 1 }, steps: 1 }, () =>
      mount('&from=source', sha256, send, 202),
    )
    await costs({ calls: { HeadObject: 1 } }, () => mount('', sha256, send, 202))
  })
})

test('DELETE of a blob: its link read and deleted', async () => {
  const content = layer()
  await pushAtOnce(send, 'app', content)
  const fresh = await open()
  await costs({ calls: { GetObject: 1, DeleteObject: 1 }, steps: 2 }, () =>
    expectStatus(202, fresh(`DELETE /v2/app/blobs/${content.sha256}`)),
  )
})
