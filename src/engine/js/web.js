// Globals of the web that the language lacks: encodings, events, aborting, cloning.
const { atob, btoa } = require('buffer')

class TextEncoder {
  get encoding() { return 'utf-8' }
  encode(text = '') { return host.utf8(String(text).toWellFormed()) }
  encodeInto(text, target) {
    const bytes = this.encode(text).subarray(0, target.length)
    target.set(bytes)
    return { read: text.length, written: bytes.length }
  }
}
class TextDecoder {
  #rest = new Uint8Array(0)
  #begun = false
  constructor(label = 'utf-8', { fatal = false, ignoreBOM = false } = {}) {
    const name = String(label).toLowerCase()
    if (!['utf-8', 'utf8', 'unicode-1-1-utf-8', 'ascii', 'us-ascii', 'latin1'].includes(name)) throw new RangeError(`The "${label}" encoding is not supported`)
    Object.assign(this, { encoding: name === 'utf8' ? 'utf-8' : name, fatal, ignoreBOM })
  }
  decode(input = new Uint8Array(0), { stream = false } = {}) {
    const given = input instanceof ArrayBuffer ? new Uint8Array(input) : new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
    if (this.encoding === 'latin1') return host.bytes(given)
    const bytes = new Uint8Array(this.#rest.length + given.length)
    bytes.set(this.#rest)
    bytes.set(given, this.#rest.length)
    let end = bytes.length
    if (stream) {
      for (let back = 1; back <= Math.min(3, bytes.length); back++) {
        const byte = bytes[bytes.length - back]
        if ((byte & 0xc0) === 0x80) continue
        if (byte >= 0xc0 && (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back) end -= back
        break
      }
    }
    this.#rest = bytes.slice(end)
    const text = host.text(host.bytes(bytes.subarray(0, end)), this.fatal)
    // Only the first character of a stream is a byte order mark.
    const isFirst = !this.#begun && text !== ''
    this.#begun = stream && (this.#begun || isFirst)
    return isFirst && !this.ignoreBOM && text.startsWith('\ufeff') ? text.slice(1) : text
  }
}

class Event {
  constructor(type, init = {}) {
    Object.assign(this, { type: String(type), cancelable: Boolean(init.cancelable), defaultPrevented: false, target: null, timeStamp: host.elapsed() })
  }
  preventDefault() { if (this.cancelable) this.defaultPrevented = true }
  stopPropagation() {}
  stopImmediatePropagation() {}
}
class CustomEvent extends Event {
  constructor(type, init = {}) {
    super(type, init)
    this.detail = init.detail ?? null
  }
}
class EventTarget {
  #listeners = new Map()
  addEventListener(type, listener, options) {
    const list = this.#listeners.get(type) ?? []
    if (listener == null || list.some((one) => one.listener === listener)) return
    this.#listeners.set(type, [...list, { listener, once: options?.once === true }])
  }
  removeEventListener(type, listener) {
    this.#listeners.set(type, (this.#listeners.get(type) ?? []).filter((one) => one.listener !== listener))
  }
  dispatchEvent(event) {
    event.target = event.currentTarget = this
    const own = this['on' + event.type]
    if (typeof own === 'function') own.call(this, event)
    for (const { listener, once } of this.#listeners.get(event.type) ?? []) {
      if (once) this.removeEventListener(event.type, listener)
      if (typeof listener === 'function') listener.call(this, event)
      else listener.handleEvent(event)
    }
    return !event.defaultPrevented
  }
}

const Failure = globalThis.DOMException ?? class DOMException extends Error {
  constructor(message = '', name = 'Error') {
    super(message)
    Object.defineProperty(this, 'name', { value: name })
  }
}
class AbortSignal extends EventTarget {
  aborted = false
  reason = undefined
  onabort = null
  throwIfAborted() { if (this.aborted) throw this.reason }
  static abort(reason) { return abort(new AbortSignal(), reason) }
  static timeout(delay) {
    const signal = new AbortSignal()
    const wait = Number(delay)
    if (!(wait >= 0 && wait <= Number.MAX_SAFE_INTEGER)) throw new RangeError('The value of "delay" is out of range')
    // A call that has answered does not wait for it, as Node.js does not.
    host.operations.set(host.timer(wait, true), () => abort(signal, new Failure('The operation was aborted due to timeout', 'TimeoutError')))
    return signal
  }
  static any(signals) {
    const joined = new AbortSignal()
    for (const signal of signals) {
      if (signal.aborted) return abort(joined, signal.reason)
      signal.addEventListener('abort', () => abort(joined, signal.reason))
    }
    return joined
  }
}
function abort(signal, reason = new Failure('This operation was aborted', 'AbortError')) {
  if (!signal.aborted) {
    signal.aborted = true
    signal.reason = reason
    signal.dispatchEvent(new Event('abort'))
  }
  return signal
}
class AbortController {
  signal = new AbortSignal()
  abort(reason) { abort(this.signal, reason) }
}

function structuredClone(value, options, seen = new Map()) {
  if (typeof value === 'function' || typeof value === 'symbol') throw new Failure('The value cannot be cloned', 'DataCloneError')
  if (typeof value !== 'object' || value === null) return value
  if (seen.has(value)) return seen.get(value)
  const keep = (copy) => (seen.set(value, copy), copy)
  const inner = (one) => structuredClone(one, options, seen)
  if (value instanceof Date) return keep(new Date(value.getTime()))
  if (value[Symbol.toStringTag] === 'Blob' || value[Symbol.toStringTag] === 'File') return value
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags))
  if (value instanceof ArrayBuffer) return keep(value.slice(0))
  if (ArrayBuffer.isView(value)) return keep(value.slice())
  if (value instanceof Error) return keep(Object.assign(new (globalThis[value.name] ?? Error)(value.message), { stack: value.stack }))
  if (value instanceof Map) {
    const copy = keep(new Map())
    for (const [key, one] of value) copy.set(inner(key), inner(one))
    return copy
  }
  if (value instanceof Set) {
    const copy = keep(new Set())
    for (const one of value) copy.add(inner(one))
    return copy
  }
  const copy = keep(Array.isArray(value) ? [] : {})
  for (const key of Object.keys(value)) copy[key] = inner(value[key])
  return copy
}
const performance = { now: () => host.elapsed(), get timeOrigin() { return host.time() - host.elapsed() }, mark() {}, measure() {} }
module.exports = { TextEncoder, TextDecoder, Event, CustomEvent, EventTarget, AbortController, AbortSignal, DOMException: Failure, atob, btoa, performance, structuredClone }
