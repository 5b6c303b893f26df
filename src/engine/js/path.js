// node:path, as on POSIX systems.
function normal(text, absolute) {
  const parts = []
  for (const part of text.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.length && parts.at(-1) !== '..') parts.pop()
    else if (!absolute) parts.push('..')
  }
  return parts.join('/')
}
const isAbsolute = (text) => text.startsWith('/')
function normalize(text) {
  const absolute = isAbsolute(text)
  const inner = normal(text, absolute)
  const end = text.endsWith('/') && inner ? '/' : ''
  return (absolute ? '/' : '') + inner + end || '.'
}
const join = (...parts) => normalize(parts.filter((part) => part !== '').join('/'))
function resolve(...parts) {
  let whole = ''
  for (const part of ['/', ...parts]) if (part !== '') whole = isAbsolute(part) ? part : `${whole}/${part}`
  return `/${normal(whole, true)}`
}
const trimmed = (text) => (text.length > 1 ? text.replace(/\/+$/, '') : text)
function basename(text, suffix) {
  const base = trimmed(text).split('/').at(-1)
  return suffix && base !== suffix && base.endsWith(suffix) ? base.slice(0, -suffix.length) : base
}
function dirname(text) {
  const at = trimmed(text).lastIndexOf('/')
  return at < 0 ? '.' : at === 0 ? '/' : text.slice(0, at)
}
function extname(text) {
  const base = basename(text)
  const at = base.lastIndexOf('.')
  return at <= 0 ? '' : base.slice(at)
}
function relative(from, to) {
  const [one, other] = [from, to].map((path) => resolve(path).split('/').filter(Boolean))
  let same = 0
  while (same < one.length && one[same] === other[same]) same++
  return [...one.slice(same).map(() => '..'), ...other.slice(same)].join('/')
}
function parse(text) {
  const base = basename(text)
  const ext = extname(text)
  return { root: isAbsolute(text) ? '/' : '', dir: text.includes('/') ? dirname(text) : '', base, ext, name: ext ? base.slice(0, -ext.length) : base }
}
const format = ({ root = '', dir, base, name = '', ext = '' }) => {
  const file = base ?? name + ext
  return dir ? (dir === root ? dir + file : `${dir}/${file}`) : root + file
}
Object.assign(exports, { sep: '/', delimiter: ':', isAbsolute, normalize, join, resolve, basename, dirname, extname, relative, parse, format, toNamespacedPath: (text) => text })
exports.posix = exports
