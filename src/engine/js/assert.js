// node:assert
const { inspect, isDeepStrictEqual } = require('util')
class AssertionError extends Error {
  constructor({ message, actual, expected, operator }) {
    super(message)
    Object.assign(this, { name: 'AssertionError', code: 'ERR_ASSERTION', actual, expected, operator })
  }
}
function check(truth, message, actual, expected, operator) {
  if (truth) return
  if (message instanceof Error) throw message
  throw new AssertionError({ message: message ?? `${inspect(actual)} ${operator} ${inspect(expected)}`, actual, expected, operator })
}
const fits = (error, expected) => {
  if (expected === undefined || typeof expected === 'string') return true
  if (expected instanceof RegExp) return expected.test(String(error))
  if (typeof expected !== 'function') return Object.entries(expected).every(([key, value]) => (value instanceof RegExp ? value.test(error[key]) : isDeepStrictEqual(error[key], value)))
  return expected.prototype !== undefined && error instanceof expected ? true : Error.isPrototypeOf(expected) ? false : expected(error) === true
}
const assert = (value, message) => check(value, message, value, true, '==')
Object.assign(assert, {
  AssertionError, ok: assert, strict: assert,
  fail: (message = 'Failed') => check(false, message),
  equal: (one, other, message) => check(one == other || Object.is(one, other), message, one, other, '=='),
  notEqual: (one, other, message) => check(one != other, message, one, other, '!='),
  strictEqual: (one, other, message) => check(Object.is(one, other), message, one, other, 'strictEqual'),
  notStrictEqual: (one, other, message) => check(!Object.is(one, other), message, one, other, 'notStrictEqual'),
  deepEqual: (one, other, message) => check(isDeepStrictEqual(one, other), message, one, other, 'deepEqual'),
  deepStrictEqual: (one, other, message) => check(isDeepStrictEqual(one, other), message, one, other, 'deepStrictEqual'),
  notDeepStrictEqual: (one, other, message) => check(!isDeepStrictEqual(one, other), message, one, other, 'notDeepStrictEqual'),
  match: (text, expression, message) => check(expression.test(text), message, text, expression, 'match'),
  throws(run, expected, message) {
    try { run() } catch (error) { return check(fits(error, expected), message, error, expected, 'throws') }
    check(false, message ?? 'Missing expected exception.')
  },
  async rejects(run, expected, message) {
    try { await (typeof run === 'function' ? run() : run) } catch (error) { return check(fits(error, expected), message, error, expected, 'rejects') }
    check(false, message ?? 'Missing expected rejection.')
  },
  ifError: (value) => { if (value != null) throw value },
})
module.exports = assert
