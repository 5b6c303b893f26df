// URL, URLSearchParams and node:url. The server parses the URLs.
const encode = (text) => encodeURIComponent(text.toWellFormed()).replaceAll('%20', '+').replace(/[!'()~]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)
const decode = (text) => host.text(text.replaceAll('+', ' ').replace(/%([0-9a-f]{2})|[^\0-\x7f]+/gi, (all, hex) => (hex ? String.fromCharCode(parseInt(hex, 16)) : host.bytes(host.utf8(all.toWellFormed())))))

class URLSearchParams {
  #pairs = []
  #changed
  constructor(init = '', changed = undefined) {
    if (init !== null && typeof init === 'object') {
      const pairs = typeof init[Symbol.iterator] === 'function' ? [...init] : Object.entries(init)
      this.#pairs = pairs.map(([name, value]) => [String(name), String(value)])
    } else {
      const text = String(init).replace(/^\?/, '')
      for (const part of text.split('&')) {
        if (part === '') continue
        const at = part.indexOf('=')
        this.#pairs.push(at < 0 ? [decode(part), ''] : [decode(part.slice(0, at)), decode(part.slice(at + 1))])
      }
    }
    this.#changed = typeof changed === 'function' ? changed : undefined
  }
  #change(pairs) {
    this.#pairs = pairs
    this.#changed?.(this.toString())
  }
  get size() { return this.#pairs.length }
  append(name, value) { this.#change([...this.#pairs, [String(name), String(value)]]) }
  delete(name, value) { this.#change(this.#pairs.filter((pair) => pair[0] !== String(name) || (value !== undefined && pair[1] !== String(value)))) }
  get(name) { return this.#pairs.find((pair) => pair[0] === String(name))?.[1] ?? null }
  getAll(name) { return this.#pairs.filter((pair) => pair[0] === String(name)).map((pair) => pair[1]) }
  has(name, value) { return this.#pairs.some((pair) => pair[0] === String(name) && (value === undefined || pair[1] === String(value))) }
  set(name, value) {
    const at = this.#pairs.findIndex((pair) => pair[0] === String(name))
    const pairs = this.#pairs.filter((pair, index) => pair[0] !== String(name) || index === at)
    const pair = [String(name), String(value)]
    if (at < 0) pairs.push(pair)
    else pairs[at] = pair
    this.#change(pairs)
  }
  sort() { this.#change(this.#pairs.toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))) }
  forEach(visit, self) { for (const [name, value] of this.#pairs) visit.call(self, value, name, this) }
  *entries() { for (const [name, value] of this.#pairs) yield [name, value] }
  *keys() { for (const [name] of this.#pairs) yield name }
  *values() { for (const [, value] of this.#pairs) yield value }
  [Symbol.iterator]() { return this.entries() }
  get [Symbol.toStringTag]() { return 'URLSearchParams' }
  toString() { return this.#pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&') }
}

class URL {
  #parts
  #query
  constructor(input, base) {
    const parts = base === undefined ? host.url(String(input).toWellFormed()) : host.url(String(input).toWellFormed(), String(base).toWellFormed())
    if (parts == null) throw Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input: String(input) })
    this.#parts = JSON.parse(parts)
    this.#renew()
  }
  static canParse(input, base) { return (base === undefined ? host.url(String(input)) : host.url(String(input), String(base))) != null }
  static parse(input, base) { return URL.canParse(input, base) ? new URL(input, base) : null }
  #renew() {
    this.#query = new URLSearchParams(this.#parts.search, (text) => { this.#parts = JSON.parse(host.urlWith(this.#parts.href, 'search', text)) })
  }
  get href() { return this.#parts.href }
  set href(value) {
    this.#parts = JSON.parse(host.url(String(value)) ?? 'null') ?? this.#parts
    this.#renew()
  }
  get origin() { return this.#parts.origin }
  get searchParams() { return this.#query }
  toString() { return this.href }
  toJSON() { return this.href }
  get [Symbol.toStringTag]() { return 'URL' }
  static get(url, part) { return url.#parts[part] }
  static set(url, part, value) {
    url.#parts = JSON.parse(host.urlWith(url.#parts.href, part, String(value).toWellFormed()))
    if (part === 'search') url.#renew()
  }
}
const { get, set } = URL
delete URL.get
delete URL.set
for (const part of ['protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash']) {
  Object.defineProperty(URL.prototype, part, {
    get() { return get(this, part) },
    set(value) { set(this, part, value) },
    enumerable: true, configurable: true,
  })
}

// The legacy API of node:url.
function parse(text, withQuery) {
  const shown = URL.canParse(text) ? new URL(text) : undefined
  const bare = shown ?? new URL(text, 'none://none')
  const query = bare.search.slice(1)
  return {
    protocol: shown?.protocol ?? null, slashes: shown ? true : null,
    auth: shown?.username ? decodeURIComponent(shown.username + (shown.password ? `:${shown.password}` : '')) : null,
    host: shown?.host ?? null, port: shown?.port || null, hostname: shown?.hostname ?? null,
    hash: bare.hash || null, search: bare.search || null, query: withQuery ? require('querystring').parse(query) : query || null,
    pathname: bare.pathname, path: bare.pathname + bare.search, href: shown?.href ?? text,
  }
}
function format(value) {
  if (typeof value === 'string') return format(parse(value))
  if (value instanceof URL) return value.href
  const query = value.search ?? (value.query && typeof value.query === 'object' ? `?${require('querystring').stringify(value.query)}` : '')
  const host = value.host ?? (value.hostname ? value.hostname + (value.port ? `:${value.port}` : '') : '')
  const protocol = value.protocol ? value.protocol.replace(/:?$/, ':') : ''
  return protocol + (host || value.slashes ? '//' : '') + (value.auth ? `${value.auth}@` : '') + host + (value.pathname ?? '') + (query ?? '') + (value.hash ?? '')
}
const resolve = (from, to) => {
  const base = new URL(from, 'none://none')
  const found = new URL(to, base)
  return found.protocol === 'none:' ? found.pathname + found.search + found.hash : found.href
}
const urlToHttpOptions = (url) => ({ ...parse(url.href), hostname: url.hostname.replace(/^\[|\]$/g, '') })
module.exports = {
  URL, URLSearchParams, globals: { URL, URLSearchParams }, parse, format, resolve, urlToHttpOptions,
  fileURLToPath: (url) => decodeURIComponent(new URL(url).pathname), pathToFileURL: (path) => new URL(`file://${path}`),
  domainToASCII: (name) => (URL.canParse(`http://${name}`) ? new URL(`http://${name}`).hostname : ''),
}
