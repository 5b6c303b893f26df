// Formats values as text, for logs.
const DEPTH = 2
const ITEMS = 100
const custom = Symbol.for('nodejs.util.inspect.custom')
const quoted = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`

function show(value, depth, seen) {
  switch (typeof value) {
    case 'string': return quoted(value)
    case 'bigint': return `${value}n`
    case 'function': return `[${value.toString().startsWith('class') ? 'class' : 'Function'}${value.name ? `: ${value.name}` : ' (anonymous)'}]`
    case 'object': return value === null ? 'null' : showObject(value, depth, seen)
    default: return String(value)
  }
}
function showObject(value, depth, seen) {
  if (seen.includes(value)) return '[Circular *1]'
  if (typeof value[custom] === 'function') {
    const shown = value[custom](depth, {}, inspect)
    return typeof shown === 'string' ? shown : show(shown, depth, [...seen, value])
  }
  if (value instanceof Error) return showError(value, depth, seen)
  if (value instanceof Date) return isNaN(value) ? 'Invalid Date' : value.toISOString()
  if (value instanceof RegExp) return String(value)
  if (value instanceof Promise) return 'Promise { … }'
  const kind = value.constructor?.name
  const named = kind && kind !== 'Object' && kind !== 'Array' ? `${kind} ` : ''
  if (depth < 0) return Array.isArray(value) ? '[Array]' : `[${kind ?? 'Object: null prototype'}]`
  const inner = (one) => show(one, depth - 1, [...seen, value])
  const list = (parts, more, open, close) => {
    if (more > 0) parts.push(`… ${more} more`)
    return parts.length ? `${open} ${parts.join(', ')} ${close}` : open + close
  }
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const parts = Array.from(value.length === undefined ? [] : Array.prototype.slice.call(value, 0, ITEMS), inner)
    return named + list(parts, (value.length ?? 0) - ITEMS, '[', ']')
  }
  if (value instanceof Map) return `Map(${value.size}) ` + list([...value].slice(0, ITEMS).map(([key, one]) => `${inner(key)} => ${inner(one)}`), value.size - ITEMS, '{', '}')
  if (value instanceof Set) return `Set(${value.size}) ` + list([...value].slice(0, ITEMS).map(inner), value.size - ITEMS, '{', '}')
  const keys = Object.keys(value)
  const parts = keys.slice(0, ITEMS).map((key) => {
    const shownKey = /^[A-Za-z_$][\w$]*$/.test(key) ? key : quoted(key)
    const { get, value: one } = Object.getOwnPropertyDescriptor(value, key)
    return `${shownKey}: ${get ? '[Getter]' : inner(one)}`
  })
  return named + list(parts, keys.length - ITEMS, '{', '}')
}
function showError(error, depth, seen) {
  const stack = typeof error.stack === 'string' && error.stack ? `\n${error.stack.trimEnd()}` : ''
  const more = Object.keys(error).filter((key) => !['stack', 'message', 'name'].includes(key))
  const cause = error.cause === undefined || depth < 0 ? '' : ` [cause]: ${show(error.cause, depth - 1, [...seen, error])}`
  const rest = more.length && depth >= 0 ? ` { ${more.map((key) => `${key}: ${show(error[key], depth - 1, [...seen, error])}`).join(', ')} }` : ''
  return `${error.name}: ${error.message}${stack}${rest}${cause}`
}
function inspect(value, options) {
  const depth = options?.depth === null || options?.depth === Infinity ? 20 : options?.depth ?? DEPTH
  return show(value, depth, [])
}
inspect.custom = custom
inspect.defaultOptions = {}

function format(...values) {
  let [first, ...rest] = values
  if (typeof first !== 'string') return values.map((value) => (typeof value === 'string' ? value : inspect(value))).join(' ')
  const text = first.replace(/%[sdifjoOc%]/g, (mark) => {
    if (mark === '%%') return '%'
    if (rest.length === 0) return mark
    const value = rest.shift()
    switch (mark) {
      case '%s': return typeof value === 'object' && value !== null ? inspect(value, { depth: 0 }) : String(value)
      case '%d': return String(Number(value))
      case '%i': return String(parseInt(value, 10))
      case '%f': return String(parseFloat(value))
      case '%j': try { return JSON.stringify(value) } catch { return '[Circular]' }
      case '%c': return ''
      default: return inspect(value)
    }
  })
  return [text, ...rest.map((value) => (typeof value === 'string' ? value : inspect(value)))].join(' ')
}
module.exports = { inspect, format }
