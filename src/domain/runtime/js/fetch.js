// fetch, Headers, Request and Response. Bodies are whole, never streams.
const { Buffer } = require('buffer')
const { AbortSignal, DOMException } = require('web')
const { URLSearchParams } = require('url')
const { Headers } = (() => {
  class Headers {
    #map = new Map()
    constructor(init) {
      if (init == null) return
      const pairs = typeof init[Symbol.iterator] === 'function' ? init : Object.entries(init)
      for (const [name, value] of pairs) this.append(name, value)
    }
    #key(name) {
      const key = String(name).toLowerCase()
      if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(key)) throw new TypeError(`${name} is no header name`)
      return key
    }
    append(name, value) {
      const key = this.#key(name)
      this.#map.set(key, [...(this.#map.get(key) ?? []), String(value).trim()])
    }
    set(name, value) { this.#map.set(this.#key(name), [String(value).trim()]) }
    get(name) { return this.#map.get(this.#key(name))?.join(', ') ?? null }
    getSetCookie() { return this.#map.get('set-cookie') ?? [] }
    has(name) { return this.#map.has(this.#key(name)) }
    delete(name) { this.#map.delete(this.#key(name)) }
    forEach(visit, self) { for (const [name, value] of this) visit.call(self, value, name, this) }
    *entries() { for (const name of [...this.#map.keys()].sort()) yield [name, this.get(name)] }
    *keys() { for (const [name] of this) yield name }
    *values() { for (const [, value] of this) yield value }
    [Symbol.iterator]() { return this.entries() }
    get [Symbol.toStringTag]() { return 'Headers' }
  }
  return { Headers }
})()

// The bytes of a body, and the type that it has by itself.
function bytesOf(body) {
  if (body == null) return [new Uint8Array(0)]
  if (typeof body === 'string') return [Buffer.from(body), 'text/plain;charset=UTF-8']
  if (body instanceof URLSearchParams) return [Buffer.from(body.toString()), 'application/x-www-form-urlencoded;charset=UTF-8']
  if (body instanceof ArrayBuffer) return [new Uint8Array(body)]
  if (ArrayBuffer.isView(body)) return [new Uint8Array(body.buffer, body.byteOffset, body.byteLength)]
  if (typeof body.getReader === 'function' || typeof body.pipe === 'function') host.unsupported('a stream as a body')
  return [Buffer.from(String(body)), 'text/plain;charset=UTF-8']
}
class Body {
  #bytes
  #used = false
  constructor(bytes) { this.#bytes = bytes }
  static bytes(body) { return body.#bytes }
  get bodyUsed() { return this.#used }
  get body() { return null }
  async #read() {
    if (this.#used) throw new TypeError('Body is unusable: Body has already been read')
    this.#used = true
    return this.#bytes
  }
  async text() { return host.text(host.bytes(await this.#read())).replace(/^\ufeff/, '') }
  async json() { return JSON.parse(await this.text()) }
  async arrayBuffer() { return (await this.#read()).slice().buffer }
  async bytes() { return (await this.#read()).slice() }
}
const bodyBytes = Body.bytes
delete Body.bytes

class Response extends Body {
  constructor(body, { status = 200, statusText = '', headers, url = '', redirected = false } = {}) {
    const [bytes, type] = bytesOf(body)
    super(bytes)
    this.headers = new Headers(headers)
    if (type && !this.headers.has('content-type')) this.headers.set('content-type', type)
    Object.assign(this, { status, statusText, url, redirected, ok: status >= 200 && status < 300, type: 'basic' })
  }
  clone() { return new Response(bodyBytes(this), this) }
  static json(value, init = {}) { return new Response(JSON.stringify(value), { ...init, headers: { 'content-type': 'application/json', ...init.headers } }) }
  static error() { return Object.assign(new Response(null, { status: 200 }), { status: 0, ok: false, type: 'error' }) }
  static redirect(url, status = 302) { return new Response(null, { status, headers: { location: String(url) } }) }
}
class Request extends Body {
  constructor(input, init = {}) {
    const from = input instanceof Request ? input : undefined
    const [bytes, type] = init.body === undefined && from ? [bodyBytes(from)] : bytesOf(init.body)
    super(bytes)
    this.url = from ? from.url : new URL(input).href
    this.method = String(init.method ?? from?.method ?? 'GET')
    if (/^(get|head|post|put|delete|options|patch)$/i.test(this.method)) this.method = this.method.toUpperCase()
    this.headers = new Headers(init.headers ?? from?.headers)
    if (type && !this.headers.has('content-type')) this.headers.set('content-type', type)
    this.redirect = init.redirect ?? from?.redirect ?? 'follow'
    this.signal = init.signal ?? from?.signal ?? new AbortSignal()
  }
  clone() { return new Request(this) }
}

async function fetch(input, init) {
  const request = new Request(input, init)
  request.signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const operation = host.fetch(request.method, request.url, JSON.stringify([...request.headers]).toWellFormed(), host.bytes(bodyBytes(request)), request.redirect)
    const abort = () => {
      host.operations.delete(operation)
      host.cancel(operation)
      reject(request.signal.reason)
    }
    request.signal.addEventListener('abort', abort)
    host.operations.set(operation, (error, answer) => {
      request.signal.removeEventListener('abort', abort)
      if (error) reject(Object.assign(new TypeError('fetch failed'), { cause: new Error(error) }))
      else resolve(new Response(answer.body, answer))
    })
  })
}
module.exports = { fetch, Headers, Request, Response }
