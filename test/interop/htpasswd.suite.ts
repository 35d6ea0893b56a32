/**
 * Slipway and Apache's `htpasswd` on the same file: each accepts what the other wrote. Also the password
 * prompt on a real terminal.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'vitest'
import { hashPassword, verifyPassword } from '../../functions/auth/accounts/bcrypt.ts'
import { readHtpasswd, withoutUser, withUser } from '../../functions/auth/accounts/htpasswd.ts'
import { cleanEnvironment, projectRoot, run, scratch } from '../support/live/process.ts'

const CLI = join(projectRoot, 'functions/handlers/cli.ts')

const openScratch = (t: TestContext): string => {
  const { path, remove } = scratch('htpasswd')
  t.onTestFinished(remove)
  return path
}

/** Whether Apache accepts the password. */
const apacheTakes = async (file: string, name: string, password: string): Promise<boolean> => {
  try {
    await run('htpasswd', ['-vb', file, name, password])
    return true
  } catch (error) {
    assert.match(String(error), /password verification failed/)
    return false
  }
}

const PASSWORDS = ['secret', 'a', 'pass word:"$HOME"', 'größe€', 'a'.repeat(72)]

describe('htpasswd', () => {
  for (const password of PASSWORDS) {
    test(`Slipway accepts what Apache wrote: ${password}`, async (t) => {
      const file = join(openScratch(t), 'htpasswd')
      await run('htpasswd', ['-cbB', file, 'alice', password])
      await run('htpasswd', ['-bB', '-C', '7', file, 'bob', 'other'])
      const users = readHtpasswd(readFileSync(file, 'utf8')).users
      assert.deepEqual([...users.keys()], ['alice', 'bob'])
      assert.equal(await verifyPassword(password, users.get('alice')!), true)
      assert.equal(await verifyPassword(`${password.slice(0, -1)}~`, users.get('alice')!), false)
      assert.equal(await verifyPassword('other', users.get('bob')!), true)
    })

    test(`Apache accepts what Slipway wrote: ${password}`, async (t) => {
      const file = join(openScratch(t), 'htpasswd')
      writeFileSync(file, withUser('# people\n', 'alice', await hashPassword(password)))
      assert.equal(await apacheTakes(file, 'alice', password), true)
      assert.equal(await apacheTakes(file, 'alice', `${password.slice(0, -1)}~`), false)
    })
  }

  test('both edit one file in turn', async (t) => {
    const file = join(openScratch(t), 'htpasswd')
    const read = () => readFileSync(file, 'utf8')
    writeFileSync(file, withUser('# people\n', 'alice', await hashPassword('one', 5)))
    await run('htpasswd', ['-bB', file, 'bob', 'two'])
    await run('htpasswd', ['-bB', file, 'alice', 'three'])
    writeFileSync(file, withUser(read(), 'bob', await hashPassword('four', 5)))
    assert.equal(await verifyPassword('three', readHtpasswd(read()).users.get('alice')!), true)
    assert.equal(await apacheTakes(file, 'bob', 'four'), true)
    assert.equal(await apacheTakes(file, 'bob', 'two'), false)
    writeFileSync(file, withoutUser(read(), 'bob'))
    await run('htpasswd', ['-D', file, 'alice'])
    assert.equal(readHtpasswd(read()).users.size, 0)
    assert.match(read(), /^# people\n/)
  })

  for (const [flag, kind] of [
    ['-m', /Apache's MD5/],
    ['-s', /SHA-1/],
    ['-2', /SHA-256/],
    ['-5', /SHA-512/],
    ['-d', /not bcrypt/],
    ['-p', /not bcrypt/],
  ] as const) {
    test(`hashes of htpasswd ${flag} are rejected`, async () => {
      const line = await run('htpasswd', ['-nb', flag, 'alice', 'secret'])
      assert.throws(() => readHtpasswd(line), { name: 'DocumentError', message: kind })
    })
  }
})

/** Runs `slipway` on a terminal and types an answer at each prompt. */
const onTerminal = async (args: readonly string[], answers: readonly string[]) => {
  const command = [process.execPath, CLI, ...args].map((each) => `'${each}'`).join(' ')
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: cleanEnvironment(),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let shown = ''
  const rest = [...answers]
  let seen = 0
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    shown += chunk
    const prompts = shown.match(/(?:Password|Again): /g)?.length ?? 0
    for (; seen < prompts; seen++) child.stdin.write(rest.shift() ?? '')
  })
  const [code] = await once(child, 'close')
  return { code, shown }
}

describe('the prompt', () => {
  test('reads a password twice and never shows it', async (t) => {
    const store = join(openScratch(t), 'store')
    const args = ['user', 'add', 'alice', `--store=file:${store}`]
    // With a typing error that is corrected by backspace.
    const { code, shown } = await onTerminal(args, ['hunter2x\x7f\r', 'hunter2\r'])
    assert.equal(code, 0, shown)
    assert.doesNotMatch(shown, /hunter|\*/)
    const text = readFileSync(join(store, 'slipway/v1/config/htpasswd/$'), 'utf8')
    assert.equal(await verifyPassword('hunter2', readHtpasswd(text).users.get('alice')!), true)
  })

  for (const [name, answers, message] of [
    ['two that differ', ['one\r', 'two\r'], /the two passwords differ/],
    ['Ctrl-C', ['one\x03'], /no password was given/],
    ['Ctrl-D', ['\x04'], /no password was given/],
    ['an empty one', ['\r', '\r'], /it is empty/],
  ] as const) {
    test(`rejects ${name}`, async (t) => {
      const store = join(openScratch(t), 'store')
      const { code, shown } = await onTerminal(
        ['user', 'add', 'alice', `--store=file:${store}`],
        answers,
      )
      assert.equal(code, 1, shown)
      assert.match(shown, message)
      assert.throws(() => readFileSync(join(store, 'slipway/v1/config/htpasswd/$')))
    })
  }
})
