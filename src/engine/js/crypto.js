// node:crypto and WebCrypto, with the parts that bundles use: hashes, HMAC, random values, comparison.
const { Buffer } = require('buffer')
const { DOMException } = require('web')
const bytes = (value, encoding) => (typeof value === 'string' ? Buffer.from(value, encoding) : Buffer.from(value.buffer ?? value, value.byteOffset, value.byteLength))
const out = (made, encoding) => {
  const buffer = Buffer.from(made.buffer)
  return encoding && encoding !== 'buffer' ? buffer.toString(encoding) : buffer
}
class Digest {
  #parts = []
  #make
  constructor(make) { this.#make = make }
  update(value, encoding) {
    this.#parts.push(bytes(value, encoding))
    return this
  }
  digest(encoding) { return out(this.#make(host.bytes(Buffer.concat(this.#parts))), encoding) }
}
const known = (name, Kind) => { if (host.hash(name, '') == null) throw new Kind(`Digest method not supported: ${name}`) }
const keyBytes = (key) => host.bytes(key instanceof CryptoKey ? CryptoKey.raw(key) : bytes(key))
const createHash = (name) => {
  known(name, Error)
  return new Digest((text) => host.hash(name, text))
}
const createHmac = (name, key) => {
  const secret = keyBytes(key)
  known(name, TypeError)
  return new Digest((text) => host.hmac(name, secret, text))
}
const randomBytes = (count, done) => {
  const made = out(host.random(count))
  if (done) Promise.resolve().then(() => done(null, made))
  return done ? undefined : made
}
const randomUUID = () => {
  const made = randomBytes(16)
  made[6] = (made[6] & 0x0f) | 0x40
  made[8] = (made[8] & 0x3f) | 0x80
  return made.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
const randomInt = (from, to) => {
  const [low, high] = to === undefined ? [0, from] : [from, to]
  const range = high - low
  if (!(range > 0 && range <= 2 ** 48)) throw new RangeError('The range must be larger than 0 and at most 2^48')
  const limit = 2 ** 48 - (2 ** 48 % range)
  for (;;) {
    const drawn = randomBytes(6).reduce((sum, byte) => sum * 256 + byte, 0)
    if (drawn < limit) return low + (drawn % range)
  }
}
const timingSafeEqual = (one, other) => {
  if (one.byteLength !== other.byteLength) throw new RangeError('Input buffers must have the same byte length')
  return host.equal(host.bytes(one), host.bytes(other))
}
const getRandomValues = (array) => {
  const random = host.random(array.byteLength)
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(random)
  return array
}

class CryptoKey {
  #raw
  constructor(raw, algorithm, extractable, usages) {
    this.#raw = raw
    Object.assign(this, { type: 'secret', algorithm, extractable, usages })
  }
  static raw(key) { return key.#raw }
}
const nameOf = (algorithm) => String(algorithm?.name ?? algorithm).toUpperCase()
const hashOf = (algorithm) => nameOf(algorithm.hash ?? algorithm)
const onlyHmac = (algorithm) => { if (nameOf(algorithm) !== 'HMAC') host.unsupported(`crypto.subtle with ${nameOf(algorithm)}`) }
const mac = (key, data) => host.hmac(key.algorithm.hash.name, host.bytes(CryptoKey.raw(key)), host.bytes(data))
const subtle = host.absent('crypto.subtle', {
  async digest(algorithm, data) {
    const made = host.hash(nameOf(algorithm), host.bytes(data))
    if (made == null) throw new DOMException('Unrecognized algorithm name', 'NotSupportedError')
    return made.buffer
  },
  async importKey(format, data, algorithm, extractable, usages) {
    onlyHmac(algorithm)
    if (format !== 'raw') host.unsupported(`crypto.subtle.importKey of ${format}`)
    return new CryptoKey(Buffer.from(bytes(data)), { name: 'HMAC', hash: { name: hashOf(algorithm) } }, extractable, usages)
  },
  async sign(algorithm, key, data) {
    onlyHmac(algorithm)
    return mac(key, data).buffer
  },
  async verify(algorithm, key, signature, data) {
    onlyHmac(algorithm)
    return host.equal(host.bytes(mac(key, data)), host.bytes(signature))
  },
})
const webcrypto = { subtle, getRandomValues, randomUUID }
module.exports = host.absent('crypto', {
  createHash, createHmac, randomBytes, randomUUID, randomInt, timingSafeEqual, getRandomValues, webcrypto, subtle, CryptoKey,
  randomFillSync: getRandomValues, getHashes: () => ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'], constants: {},
})
