// node:buffer
const latin1 = (text, mask) => Uint8Array.from(text, (letter) => letter.charCodeAt(0) & mask)
const kinds = { utf8: 'utf8', 'utf-8': 'utf8', hex: 'hex', base64: 'base64', base64url: 'base64url', latin1: 'latin1', binary: 'latin1', ascii: 'ascii', utf16le: 'utf16le', 'utf-16le': 'utf16le', ucs2: 'utf16le', 'ucs-2': 'utf16le' }
function kindOf(encoding) {
  const kind = kinds[String(encoding ?? 'utf8').toLowerCase()]
  if (kind === undefined) throw new TypeError(`Unknown encoding: ${encoding}`)
  return kind
}
function encoded(text, encoding) {
  switch (kindOf(encoding)) {
    case 'utf8': return host.utf8(text.toWellFormed())
    case 'latin1': case 'ascii': return latin1(text, 0xff)
    case 'utf16le': return new Uint8Array(Uint16Array.from(text, (unit) => unit.charCodeAt(0)).buffer)
    default: return host.decode(text.toWellFormed(), kindOf(encoding))
  }
}
const buffer = (bytes) => new Buffer(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const sized = (size) => {
  if (typeof size !== 'number' || !(size >= 0)) throw new RangeError('The "size" argument must be a number of bytes')
  return new Buffer(size)
}

class Buffer extends Uint8Array {
  static poolSize = 8192
  static from(value, encoding, length) {
    if (typeof value === 'string') return buffer(encoded(value, encoding))
    if (value instanceof ArrayBuffer) return new Buffer(value, encoding, length)
    if (value?.type === 'Buffer' && Array.isArray(value.data)) return Buffer.from(value.data)
    if (value != null && typeof value === 'object') {
      const primitive = typeof value[Symbol.toPrimitive] === 'function' ? value[Symbol.toPrimitive]('string') : value.valueOf()
      if (primitive !== value) return Buffer.from(primitive, encoding, length)
      return buffer(Uint8Array.from(ArrayBuffer.isView(value) || Symbol.iterator in value ? value : Array.from(value)))
    }
    throw new TypeError('The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array')
  }
  static of(...bytes) { return Buffer.from(bytes) }
  static alloc(size, fill, encoding) { return fill === undefined ? sized(size) : sized(size).fill(fill, encoding) }
  static allocUnsafe(size) { return sized(size) }
  static allocUnsafeSlow(size) { return sized(size) }
  static isBuffer(value) { return value instanceof Buffer }
  static isEncoding(encoding) { return Object.hasOwn(kinds, String(encoding).toLowerCase()) }
  static byteLength(value, encoding) { return typeof value === 'string' ? encoded(value, encoding).length : value.byteLength }
  static concat(list, length = list.reduce((sum, one) => sum + one.length, 0)) {
    const joined = sized(length)
    let at = 0
    for (const one of list) {
      const part = one.subarray(0, Math.max(0, length - at))
      joined.set(part, at)
      at += part.length
    }
    return joined
  }
  static compare(one, other) {
    for (let at = 0; at < Math.min(one.length, other.length); at++) if (one[at] !== other[at]) return one[at] < other[at] ? -1 : 1
    return Math.sign(one.length - other.length)
  }
  toString(encoding, start = 0, end = this.length) {
    const part = Uint8Array.prototype.subarray.call(this, start, end)
    switch (kindOf(encoding)) {
      case 'utf8': return host.text(host.bytes(part))
      case 'latin1': return host.bytes(part)
      case 'ascii': return host.bytes(part.map((byte) => byte & 0x7f))
      case 'utf16le': return String.fromCharCode(...new Uint16Array(part.slice(0, part.length & ~1).buffer))
      default: return host.encode(host.bytes(part), kindOf(encoding))
    }
  }
  toLocaleString(encoding) { return this.toString(encoding) }
  toJSON() { return { type: 'Buffer', data: Array.from(this) } }
  equals(other) { return Buffer.compare(this, other) === 0 }
  compare(other) { return Buffer.compare(this, other) }
  slice(start, end) { return this.subarray(start, end) }
  write(text, offset = 0, length, encoding) {
    if (typeof offset === 'string') [offset, encoding] = [0, offset]
    if (typeof length === 'string') [length, encoding] = [undefined, length]
    const part = encoded(text, encoding).subarray(0, Math.min(length ?? Infinity, this.length - offset))
    this.set(part, offset)
    return part.length
  }
  copy(target, at = 0, start = 0, end = this.length) {
    const part = Uint8Array.prototype.subarray.call(this, start, Math.min(end, start + target.length - at))
    target.set(part, at)
    return part.length
  }
  fill(value, start, end, encoding) {
    if (typeof value === 'number') return super.fill(value, start, end)
    if (typeof start === 'string') [start, encoding] = [0, start]
    const bytes = typeof value === 'string' ? encoded(value, encoding) : value
    const last = end ?? this.length
    if (bytes.length) for (let at = start ?? 0, next = 0; at < last; at++, next++) this[at] = bytes[next % bytes.length]
    return this
  }
  indexOf(value, from = 0, encoding) {
    if (typeof value === 'number') return super.indexOf(value & 0xff, from)
    const bytes = typeof value === 'string' ? encoded(value, encoding) : value
    for (let at = Math.max(0, from); at <= this.length - bytes.length; at++) {
      let same = 0
      while (same < bytes.length && this[at + same] === bytes[same]) same++
      if (same === bytes.length) return at
    }
    return -1
  }
  includes(value, from, encoding) { return this.indexOf(value, from, encoding) >= 0 }
}

const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const numbers = { Int8: 1, Uint8: 1, Int16: 2, Uint16: 2, Int32: 4, Uint32: 4, BigInt64: 8, BigUint64: 8, Float32: 4, Float64: 8 }
const nodeNames = { Float32: 'Float', Float64: 'Double', BigUint64: 'BigUInt64', Uint8: 'UInt8', Uint16: 'UInt16', Uint32: 'UInt32' }
for (const [kind, size] of Object.entries(numbers)) {
  for (const end of size === 1 ? [''] : ['LE', 'BE']) {
    const little = end === 'LE'
    const name = (nodeNames[kind] ?? kind) + end
    const read = function (at = 0) { return view(this)['get' + kind](at, little) }
    const write = function (value, at = 0) {
      view(this)['set' + kind](at, value, little)
      return at + size
    }
    for (const alias of [name, name.replace('UInt', 'Uint')]) {
      Object.defineProperty(Buffer.prototype, 'read' + alias, { value: read, configurable: true, writable: true })
      Object.defineProperty(Buffer.prototype, 'write' + alias, { value: write, configurable: true, writable: true })
    }
  }
}

// Old code calls `Buffer('…')` without `new`.
const Callable = new Proxy(Buffer, {
  apply: (_, __, values) => (typeof values[0] === 'number' ? Buffer.alloc(values[0]) : Buffer.from(...values)),
  construct: (target, values, made) => (typeof values[0] === 'string' || Array.isArray(values[0]) ? Buffer.from(...values) : Reflect.construct(target, values, made)),
})
Buffer.prototype.constructor = Callable
const atob = (text) => host.bytes(host.decode(String(text), 'base64'))
const btoa = (text) => {
  if (/[^\0-\xff]/.test(text)) throw new DOMException('The string contains a letter beyond Latin-1', 'InvalidCharacterError')
  return host.encode(String(text), 'base64')
}
module.exports = { Buffer: Callable, SlowBuffer: Callable, kMaxLength: 0x7fffffff, constants: { MAX_LENGTH: 0x7fffffff }, atob, btoa, get Blob() { return require('blob').Blob }, get File() { return require('blob').File } }
