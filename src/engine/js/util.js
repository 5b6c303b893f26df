// node:util
const { inspect, format } = require('inspect')
const kept = Symbol.for('nodejs.util.promisify.custom')
function promisify(original) {
  if (original[kept]) return original[kept]
  return function (...values) {
    return new Promise((resolve, reject) => original.call(this, ...values, (error, value) => (error ? reject(error) : resolve(value))))
  }
}
promisify.custom = kept
const callbackify = (original) => function (...values) {
  const done = values.pop()
  original.apply(this, values).then((value) => done(null, value), (error) => done(error ?? new Error('rejected')))
}
function inherits(child, parent) {
  Object.defineProperty(child, 'super_', { value: parent, writable: true, configurable: true })
  Object.setPrototypeOf(child.prototype, parent.prototype)
}
const tag = (value) => Object.prototype.toString.call(value).slice(8, -1)
const is = (name) => (value) => value !== null && typeof value === 'object' && tag(value) === name
const types = {
  isDate: (value) => value instanceof Date, isRegExp: is('RegExp'), isMap: is('Map'), isSet: is('Set'), isPromise: is('Promise'),
  isWeakMap: is('WeakMap'), isWeakSet: is('WeakSet'), isNativeError: (value) => value instanceof Error, isGeneratorFunction: (value) => typeof value === 'function' && tag(value) === 'GeneratorFunction',
  isAsyncFunction: (value) => typeof value === 'function' && tag(value) === 'AsyncFunction', isArrayBuffer: is('ArrayBuffer'), isAnyArrayBuffer: (value) => ['ArrayBuffer', 'SharedArrayBuffer'].includes(tag(value)),
  isArrayBufferView: (value) => ArrayBuffer.isView(value), isTypedArray: (value) => ArrayBuffer.isView(value) && !(value instanceof DataView),
  isUint8Array: (value) => value instanceof Uint8Array, isDataView: (value) => value instanceof DataView, isProxy: () => false,
  isBoxedPrimitive: (value) => value !== null && typeof value === 'object' && ['String', 'Number', 'Boolean', 'Symbol', 'BigInt'].includes(tag(value)),
}
function same(one, other, seen = []) {
  if (Object.is(one, other)) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (tag(one) !== tag(other) || Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false
  if (seen.some(([a, b]) => a === one && b === other)) return true
  const within = [...seen, [one, other]]
  if (one instanceof Date || one instanceof RegExp) return String(one) === String(other) && Number(one) === Number(other) || (one instanceof RegExp && String(one) === String(other))
  if (one instanceof Error && (one.message !== other.message || one.name !== other.name)) return false
  if (one instanceof Map) return one.size === other.size && [...one].every(([key, value]) => other.has(key) && same(value, other.get(key), within))
  if (one instanceof Set) return one.size === other.size && [...one].every((value) => other.has(value) || [...other].some((found) => same(value, found, within)))
  const keys = Object.keys(one)
  return keys.length === Object.keys(other).length && keys.every((key) => Object.hasOwn(other, key) && same(one[key], other[key], within))
}
const off = Object.assign(() => {}, { enabled: false })
const web = require('web')
module.exports = {
  inspect, format, promisify, callbackify, inherits, types, debuglog: () => off, debug: () => off, deprecate: (run) => run,
  isDeepStrictEqual: (one, other) => same(one, other), isArray: Array.isArray, TextEncoder: web.TextEncoder, TextDecoder: web.TextDecoder,
  stripVTControlCharacters: (text) => text.replace(/\u001b\[[0-9;]*m/g, ''), toUSVString: (text) => String(text).toWellFormed(),
  isBoolean: (value) => typeof value === 'boolean', isString: (value) => typeof value === 'string', isNumber: (value) => typeof value === 'number',
  isFunction: (value) => typeof value === 'function', isObject: (value) => value !== null && typeof value === 'object', isUndefined: (value) => value === undefined,
  isRegExp: types.isRegExp, isDate: types.isDate, isError: types.isNativeError, isBuffer: (value) => require('buffer').Buffer.isBuffer(value),
}
