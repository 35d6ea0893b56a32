/**
 * Whether an emulator that somebody else has started can run the stack, asked of a function of one line
 * before a stack is deployed whose function would fail without a word that helps.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { awsDelete, awsGet, awsPost } from './aws.ts'
import type { Emulator } from './emulator.ts'
import { iam } from './role.ts'

/** What the stack's functions run on. */
const RUNTIME = 'nodejs24.x'
const WANTED = /^v24\./

/** Milliseconds until the function must be there: an emulator with docker may have to fetch an image first. */
const PATIENCE = 300_000

const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
  ],
})

const NAME = 'index.mjs'
const CODE =
  'export const handler = async () => [process.version, process.env.AWS_ENDPOINT_URL ?? "none"]'

/** An archive of one file, stored as it is. */
const zipOf = (name: string, content: string): Buffer => {
  const [path, body] = [Buffer.from(name), Buffer.from(content)]
  // Version, flags, method, time and date, checksum, sizes, lengths of name and extra field.
  const about = Buffer.alloc(26)
  about.writeUInt16LE(20, 0)
  about.writeUInt16LE(0x21, 8)
  about.writeUInt32LE(crc32(body), 10)
  about.writeUInt32LE(body.length, 14)
  about.writeUInt32LE(body.length, 18)
  about.writeUInt16LE(path.length, 22)
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), about, path, body])
  // Beside the same: who made it, then a comment, a disk, attributes and the place of the file.
  const attributes = Buffer.alloc(14)
  attributes.writeUInt32LE(0o100644 * 0x10000, 6)
  const entry = Buffer.concat([...[Buffer.from('PK\x01\x02\x14\x03'), about, attributes, path]])
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(entry.length, 12)
  end.writeUInt32LE(local.length, 16)
  return Buffer.concat([local, entry, end])
}

/** What a function returns when it is called once it is there. */
const called = async (emulator: Emulator, path: string): Promise<unknown> => {
  const deadline = Date.now() + PATIENCE
  for (let state: unknown = 'Pending'; state === 'Pending'; await sleep(100)) {
    if (Date.now() > deadline) return 'a function that does not become active'
    const configuration = await awsGet(emulator, 'lambda', `${path}/configuration`)
    const { State, StateReason } = configuration as { State?: string; StateReason?: string }
    if (State === 'Failed') return `a function that failed: ${StateReason}`
    state = State
  }
  return awsPost(emulator, 'lambda', `${path}/invocations`, {})
}

/** Waits for a deletion. What fails is why the function failed, too, which says more. */
const removed = async (deletion: Promise<unknown>): Promise<void> => {
  await deletion.catch(() => undefined)
}

/** What a function of a role returns; both are deleted afterwards. */
const ask = async (emulator: Emulator): Promise<unknown> => {
  const name = `node-version-${randomUUID().slice(0, 8)}`
  const functions = '/2015-03-31/functions'
  await iam(emulator, 'CreateRole', { RoleName: name, AssumeRolePolicyDocument: TRUST })
  try {
    await awsPost(emulator, 'lambda', functions, {
      FunctionName: name,
      Runtime: RUNTIME,
      Handler: 'index.handler',
      Role: `arn:aws:iam::000000000000:role/${name}`,
      Timeout: 30,
      Code: { ZipFile: zipOf(NAME, CODE).toString('base64') },
    })
    try {
      return await called(emulator, `${functions}/${name}`)
    } finally {
      await removed(awsDelete(emulator, 'lambda', `${functions}/${name}`))
    }
  } finally {
    await removed(iam(emulator, 'DeleteRole', { RoleName: name }))
  }
}

/**
 * Fails at once, unless an emulator runs functions with Node 24 and tells them another name of its own than
 * the registry's, 127.0.0.1: clients would send their credentials along to where they are redirected.
 *
 * @throws Error that says what is wrong, and what to do
 */
export const requireUsable = async (emulator: Emulator): Promise<void> => {
  const { endpoint } = emulator
  const answer = await ask(emulator).catch(({ message }: Error) => message.slice(-500))
  const [version, aws] = Array.isArray(answer) ? answer.map(String) : [JSON.stringify(answer)]
  if (!WANTED.test(version ?? '')) {
    throw new Error(
      `the emulator at ${endpoint} does not run functions with Node 24, but: ${version}. Start it where \`node\` is Node 24, or unset AWS_ENDPOINT_URL: docs/aws.md`,
    )
  }
  if (URL.parse(aws ?? '')?.hostname === '127.0.0.1') {
    throw new Error(
      `the emulator at ${endpoint} tells functions that AWS is at ${aws}, the registry's own host: start it with AWS_ENDPOINT_URL=${aws?.replace('127.0.0.1', 'localhost')}, as test/aws/compose.yaml does`,
    )
  }
}
