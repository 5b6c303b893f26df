// fetch, Headers, Request and Response. Bodies are sent whole: a stream is read to its end first.
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
      if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(key)) throw new TypeError(`${name} is not a header name`)
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

// Returns the source of a body (bytes or a stream of bytes) and its default content type.
function sourceOf(body) {
  if (body == null) return [null]
  if (typeof body === 'string') return [Buffer.from(body), 'text/plain;charset=UTF-8']
  if (body instanceof URLSearchParams) return [Buffer.from(body.toString()), 'application/x-www-form-urlencoded;charset=UTF-8']
  if (body instanceof ArrayBuffer) return [new Uint8Array(body)]
  if (ArrayBuffer.isView(body)) return [new Uint8Array(body.buffer, body.byteOffset, body.byteLength)]
  const tag = body[Symbol.toStringTag]
  if (tag === 'Blob' || tag === 'File') return [require('blob').blobBytes(body), body.type || undefined]
  if (tag === 'FormData') return require('blob').encoded(body)
  if (tag === 'ReadableStream') return [body]
  if (typeof body.pipe === 'function') host.unsupported('a stream of Node.js as a body')
  if (typeof body[Symbol.asyncIterator] === 'function') return [require('webstreams').ReadableStream.from(body)]
  return [Buffer.from(String(body)), 'text/plain;charset=UTF-8']
}
const isStream = (source) => source !== null && !(source instanceof Uint8Array)
async function collected(stream) {
  const chunks = []
  for await (const chunk of stream) {
    if (!ArrayBuffer.isView(chunk)) throw new TypeError('Received non-Uint8Array chunk')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
class Body {
  #source
  #stream
  #used = false
  constructor(source) { if (isStream((this.#source = source))) this.#stream = source }
  get bodyUsed() { return this.#used || (this.#stream !== undefined && require('webstreams').disturbed(this.#stream)) }
  get body() {
    if (this.#source === null) return null
    const bytes = this.#source
    return (this.#stream ??= new (require('webstreams').ReadableStream)({
      start(controller) {
        if (bytes.length) controller.enqueue(new Uint8Array(bytes))
        controller.close()
      },
    }))
  }
  static take(body) {
    if (body.bodyUsed || body.#stream?.locked) throw new TypeError('Body is unusable: Body has already been read')
    body.#used = body.#source !== null
    return body.#stream && body.#used ? collected(body.#stream) : body.#source ?? new Uint8Array(0)
  }
  // Copies the body. A stream is split in two, and this body continues with one of them.
  static copy(body) {
    if (body.bodyUsed || body.#stream?.locked) throw new TypeError('Body is unusable: Body has already been read')
    if (!isStream(body.#source)) return body.#source
    const [one, other] = body.#stream.tee()
    body.#source = body.#stream = one
    return other
  }
  async bytes() { return new Uint8Array(await Body.take(this)) }
  async text() { return host.text(host.bytes(await Body.take(this))).replace(/^\ufeff/, '') }
  async json() { return JSON.parse(await this.text()) }
  async arrayBuffer() { return (await this.bytes()).buffer }
  async blob() { return new (require('blob').Blob)([await Body.take(this)], { type: this.headers.get('content-type') ?? '' }) }
  async formData() { return require('blob').decoded(await Body.take(this), this.headers.get('content-type') ?? '') }
}
const { take, copy } = Body

class Response extends Body {
  constructor(body, { status = 200, statusText = '', headers, url = '', redirected = false } = {}) {
    const [source, type] = sourceOf(body)
    super(source)
    this.headers = new Headers(headers)
    if (type && !this.headers.has('content-type')) this.headers.set('content-type', type)
    Object.assign(this, { status, statusText, url, redirected, ok: status >= 200 && status < 300, type: 'basic' })
  }
  clone() { return new Response(copy(this), this) }
  static json(value, init = {}) { return new Response(JSON.stringify(value), { ...init, headers: { 'content-type': 'application/json', ...init.headers } }) }
  static error() { return Object.assign(new Response(null, { status: 200 }), { status: 0, ok: false, type: 'error' }) }
  static redirect(url, status = 302) { return new Response(null, { status, headers: { location: String(url) } }) }
}
class Request extends Body {
  constructor(input, init = {}) {
    const from = input instanceof Request ? input : undefined
    const [source, type] = init.body === undefined && from ? [copy(from)] : sourceOf(init.body)
    super(source)
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
  const sent = await take(request)
  request.signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const operation = host.fetch(request.method, request.url, JSON.stringify([...request.headers]).toWellFormed(), host.bytes(sent), request.redirect)
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
module.exports = { globals: { fetch, Headers, Request, Response }, sourceOf }
