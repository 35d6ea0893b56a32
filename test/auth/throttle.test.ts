import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { AccessError } from '../../functions/auth/errors.ts'
import {
  addressGroup,
  createThrottle,
  type MemoryThrottle,
} from '../../functions/auth/throttle/failures.ts'
import { createClock } from './harness.ts'

/** Seconds to wait as answered, or 0 for an attempt that is let through (and fails). */
const fail = (throttle: MemoryThrottle, account: string, address: string): number => {
  try {
    throttle.attempt(account, address)
    return 0
  } catch (error) {
    assert.ok(error instanceof AccessError)
    assert.equal(error.code, 'TOOMANYREQUESTS')
    const seconds = error.retryAfter ?? 0
    assert.ok(Number.isInteger(seconds) && seconds >= 1, String(error.retryAfter))
    return seconds
  }
}

const times = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

describe('the throttle', () => {
  it('allows five failures, then doubles the wait up to a minute', () => {
    const clock = createClock()
    const throttle = createThrottle(clock.now)
    for (const _ of times(6)) assert.equal(fail(throttle, 'alice', '192.0.2.1'), 0)
    const waits: number[] = []
    for (const _ of times(9)) {
      const wait = fail(throttle, 'alice', '192.0.2.1')
      waits.push(wait)
      clock.pass(wait * 1000)
      assert.equal(fail(throttle, 'alice', '192.0.2.1'), 0, 'let through after the wait')
    }
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60])
  })

  it('does not lengthen the wait for attempts that it refuses', () => {
    const clock = createClock()
    const throttle = createThrottle(clock.now)
    for (const _ of times(7)) fail(throttle, 'alice', '192.0.2.1')
    for (const _ of times(50)) assert.equal(fail(throttle, 'alice', '192.0.2.1'), 1)
    clock.pass(1000)
    assert.equal(fail(throttle, 'alice', '192.0.2.1'), 0)
  })

  it('lets the right password through from elsewhere, and other accounts from here', () => {
    const throttle = createThrottle(createClock().now)
    for (const _ of times(7)) fail(throttle, 'alice', '192.0.2.1')
    assert.equal(fail(throttle, 'alice', '192.0.2.1'), 1)
    assert.equal(fail(throttle, 'alice', '192.0.2.2'), 0)
    assert.equal(fail(throttle, 'bob', '192.0.2.1'), 0)
  })

  it('counts attempts in progress, so that many at once are not many free guesses', () => {
    const throttle = createThrottle(createClock().now)
    const passed = times(100).filter(() => fail(throttle, 'alice', '192.0.2.1') === 0)
    assert.equal(passed.length, 6)
  })

  it('forgets the failures of an account with the right password', () => {
    const throttle = createThrottle(createClock().now)
    for (const _ of times(5)) fail(throttle, 'alice', '192.0.2.1')
    throttle.attempt('alice', '192.0.2.1').succeeded()
    for (const _ of times(6)) assert.equal(fail(throttle, 'alice', '192.0.2.1'), 0)
    assert.equal(fail(throttle, 'alice', '192.0.2.1'), 1)
  })

  it('does not count what was withdrawn', () => {
    const throttle = createThrottle(createClock().now)
    for (const index of times(300)) throttle.attempt(`user-${index % 3}`, '192.0.2.1').withdrawn()
    assert.equal(fail(throttle, 'user-0', '192.0.2.1'), 0)
  })

  it('slows an address that goes from account to account, but not those who have logged in there', () => {
    const clock = createClock()
    const throttle = createThrottle(clock.now)
    throttle.attempt('carol', '192.0.2.1').succeeded()
    const passed = times(500).filter((index) => fail(throttle, `u${index}`, '192.0.2.1') === 0)
    assert.equal(passed.length, 101)
    assert.ok(fail(throttle, 'new', '192.0.2.1') > 0)
    assert.equal(fail(throttle, 'carol', '192.0.2.1'), 0, 'known here')
    assert.equal(fail(throttle, 'carol', '192.0.2.3'), 0)
    clock.pass(25 * 60 * 60_000)
    for (const index of times(500)) fail(throttle, `v${index}`, '192.0.2.1')
    assert.ok(fail(throttle, 'carol', '192.0.2.1') > 0, 'known for a day only')
  })

  it('is not reset for an address by one account with a right password', () => {
    const throttle = createThrottle(createClock().now)
    let passed = 0
    for (const index of times(500)) {
      throttle.attempt('mallory', '192.0.2.1').succeeded()
      if (fail(throttle, `u${index}`, '192.0.2.1') === 0) passed++
    }
    assert.equal(passed, 101)
  })

  it('does not slow an address for one machine that keeps an old password', () => {
    const clock = createClock()
    const throttle = createThrottle(clock.now)
    for (const _ of times(24 * 60 * 60)) {
      fail(throttle, 'old', '192.0.2.1')
      clock.pass(1000)
    }
    assert.equal(fail(throttle, 'new', '192.0.2.1'), 0)
  })

  it('forgives after a while', () => {
    const clock = createClock()
    const throttle = createThrottle(clock.now)
    for (const _ of times(7)) fail(throttle, 'alice', '192.0.2.1')
    clock.pass(2 * 60 * 60_000)
    for (const _ of times(6)) assert.equal(fail(throttle, 'alice', '192.0.2.1'), 0)
    assert.equal(fail(throttle, 'alice', '192.0.2.1'), 1)
  })

  it('forgives a long attack as soon as a short one', () => {
    const clock = createClock()
    const throttle = createThrottle(clock.now)
    for (const _ of times(24 * 60)) {
      fail(throttle, 'alice', '192.0.2.1')
      clock.pass(60_000)
    }
    assert.equal(fail(throttle, 'alice', '192.0.2.1'), 0)
    assert.equal(fail(throttle, 'alice', '192.0.2.1'), 60)
    clock.pass(2 * 60 * 60_000)
    for (const _ of times(6)) assert.equal(fail(throttle, 'alice', '192.0.2.1'), 0)
  })

  it('keeps account and address apart', () => {
    const throttle = createThrottle(createClock().now)
    for (const _ of times(7)) fail(throttle, 'a","b', 'c')
    assert.equal(fail(throttle, 'a', 'b","c'), 0)
  })
})

describe('the group of an address', () => {
  for (const [address, group] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['unknown', 'unknown'],
    ['', ''],
  ] as const) {
    it(`of ${address || 'nothing'} is ${group || 'nothing'}`, () => {
      assert.equal(addressGroup(address), group)
    })
  }
})
