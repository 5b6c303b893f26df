// Intl in US English for every requested locale (like Node.js without data for other locales), with the Gregorian
// calendar and every time zone. A missing feature reports itself when it is used.
const LOCALE = 'en-US'
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const AMERICAN = /^(?:E|C|M|P|H|AK)[SD]T$/
const two = (number) => String(number).padStart(2, '0')

function checked(locales) {
  for (const tag of [locales ?? []].flat()) {
    if (!/^[a-z]{2,8}([-_][a-z0-9]{1,8})*$/i.test(String(tag))) throw new RangeError(`Incorrect locale information provided`)
  }
}
function picked(name, value, allowed) {
  if (value !== undefined && !allowed.includes(String(value))) throw new RangeError(`Value ${value} out of range for Intl options property ${name}`)
  return value
}

class Formatter {
  constructor(locales) { checked(locales) }
  format = (value) => this.formatToParts(value).map((part) => part.value).join('')
  static supportedLocalesOf(locales) {
    checked(locales)
    return [locales ?? []].flat().filter((tag) => /^en\b/i.test(tag))
  }
}

const STYLES = {
  date: {
    full: { weekday: 'long', month: 'long', day: 'numeric', year: 'numeric' }, long: { month: 'long', day: 'numeric', year: 'numeric' },
    medium: { month: 'short', day: 'numeric', year: 'numeric' }, short: { month: 'numeric', day: 'numeric', year: '2-digit' },
  },
  time: {
    full: { hour: 'numeric', minute: '2-digit', second: '2-digit', timeZoneName: 'long' }, long: { hour: 'numeric', minute: '2-digit', second: '2-digit', timeZoneName: 'short' },
    medium: { hour: 'numeric', minute: '2-digit', second: '2-digit' }, short: { hour: 'numeric', minute: '2-digit' },
  },
}
const DATE = ['weekday', 'year', 'month', 'day']
const TIME = ['hour', 'minute', 'second', 'fractionalSecondDigits']

// Returns the offset of a zone from UTC in minutes and its abbreviation at a time. The default is the server's zone.
function zoneAt(zone, time) {
  const found = zone === undefined ? [-new Date(time).getTimezoneOffset(), ''] : JSON.parse(host.zone(zone, time) ?? 'null')
  if (found === null) throw new RangeError(`Invalid time zone specified: ${zone}`)
  return found
}
function zoneName(style, offset, abbreviation) {
  if (offset === 0 && (abbreviation === 'UTC' || abbreviation === '')) return style.startsWith('long') ? 'Coordinated Universal Time' : 'UTC'
  if (AMERICAN.test(abbreviation) && style === 'short') return abbreviation
  const [hours, minutes] = [Math.trunc(Math.abs(offset) / 60), Math.abs(offset) % 60]
  return offset === 0 ? 'GMT' : `GMT${offset < 0 ? '-' : '+'}${hours}${minutes ? `:${two(minutes)}` : ''}`
}

class DateTimeFormat extends Formatter {
  #given
  #shown
  constructor(locales, options = {}, defaults = 'date') {
    super(locales)
    const { dateStyle, timeStyle, hour12, hourCycle } = options
    const fields = Object.fromEntries([...DATE, ...TIME, 'timeZoneName', 'era'].filter((name) => options[name] !== undefined).map((name) => [name, options[name]]))
    if (options.dayPeriod !== undefined || fields.era) host.unsupported('Intl.DateTimeFormat with eras or parts of a day')
    picked('dateStyle', dateStyle, Object.keys(STYLES.date))
    picked('timeStyle', timeStyle, Object.keys(STYLES.time))
    for (const name of ['weekday', 'month']) picked(name, fields[name], ['numeric', '2-digit', 'long', 'short', 'narrow'])
    for (const name of ['year', 'day', 'hour', 'minute', 'second']) picked(name, fields[name], ['numeric', '2-digit'])
    const styled = dateStyle !== undefined || timeStyle !== undefined
    if (styled && Object.keys(fields).length) throw new TypeError(`Can't set option ${Object.keys(fields)[0]} when ${dateStyle ? 'dateStyle' : 'timeStyle'} is used`)
    const has = (names) => names.some((name) => fields[name] !== undefined)
    const day = { year: 'numeric', month: 'numeric', day: 'numeric' }
    const time = { hour: 'numeric', minute: '2-digit', second: '2-digit' }
    if (styled) Object.assign(fields, STYLES.date[dateStyle], STYLES.time[timeStyle])
    else if (defaults === 'all' ? !has([...DATE, ...TIME]) : !has(defaults === 'time' ? TIME : [...DATE, ...TIME])) Object.assign(fields, defaults !== 'time' && day, defaults !== 'date' && time)
    const cycle = fields.hour === undefined ? undefined : hour12 === undefined ? picked('hourCycle', hourCycle, ['h11', 'h12', 'h23', 'h24']) ?? 'h12' : hour12 ? 'h12' : 'h24'
    const zone = options.timeZone === undefined ? undefined : String(options.timeZone)
    zoneAt(zone, 0)
    this.#given = { zone: /^(utc|gmt)$/i.test(zone ?? '') ? 'UTC' : zone, cycle, long: ['full', 'long'].includes(dateStyle) || (!styled && fields.month === 'long') }
    this.#shown = fields
  }
  resolvedOptions() {
    const { zone, cycle } = this.#given
    const offset = new Date().getTimezoneOffset() / 60
    const own = offset === 0 ? 'UTC' : `Etc/GMT${offset < 0 ? '-' : '+'}${Math.abs(Math.trunc(offset))}`
    return { locale: LOCALE, calendar: 'gregory', numberingSystem: 'latn', timeZone: zone ?? own, ...(cycle && { hourCycle: cycle, hour12: cycle === 'h11' || cycle === 'h12' }), ...this.#shown }
  }
  formatToParts(value) {
    const time = value === undefined ? Date.now() : Number(value)
    if (!Number.isFinite(new Date(time).getTime())) throw new RangeError('Invalid time value')
    const [offset, abbreviation] = zoneAt(this.#given.zone, time)
    const at = new Date(time + offset * 60000)
    const [day, clock] = [this.#date(at), this.#time(at)]
    const glue = !day.length || !clock.length ? [] : [this.#given.long ? ' at ' : day.length === 1 && day[0].type === 'weekday' ? ' ' : ', ']
    const name = this.#shown.timeZoneName
    const zone = name ? [clock.length ? ' ' : ', ', { type: 'timeZoneName', value: zoneName(name, offset, abbreviation) }] : []
    return [...day, ...glue, ...clock, ...zone].map((part) => (typeof part === 'string' ? { type: 'literal', value: part } : part))
  }
  #date(at) {
    const { weekday, year, month, day } = this.#shown
    const cut = (name, style) => (style === 'long' ? name : name.slice(0, style === 'short' ? 3 : 1))
    const number = (value, style) => (style === '2-digit' ? two(value) : String(value))
    const part = (type, value) => ({ type, value })
    const y = year && part('year', year === '2-digit' ? two(at.getUTCFullYear() % 100) : String(at.getUTCFullYear()))
    const d = day && part('day', number(at.getUTCDate(), day))
    const w = weekday && part('weekday', cut(DAYS[at.getUTCDay()], weekday))
    if (w && d && !month && !y) return [d, ' ', w]
    const named = month && !['numeric', '2-digit'].includes(month)
    const m = month && part('month', named ? cut(MONTHS[at.getUTCMonth()], month) : number(at.getUTCMonth() + 1, month))
    const date = named ? [m, d && ' ', d, y && (d ? ', ' : ' '), y] : [m, d, y].filter(Boolean).flatMap((one, index) => (index ? ['/', one] : [one]))
    return [w, w && date.some(Boolean) && ', ', ...date].filter(Boolean)
  }
  #time(at) {
    const { hour, minute, second, fractionalSecondDigits: digits } = this.#shown
    const cycle = this.#given.cycle
    const parts = []
    const add = (type, value, glue = ':') => { parts.push(...(parts.length ? [glue] : []), { type, value }) }
    const hours = at.getUTCHours()
    if (hour) {
      const shown = { h11: hours % 12, h12: hours % 12 || 12, h23: hours, h24: hours || 24 }[cycle]
      add('hour', hour === '2-digit' || cycle === 'h23' || cycle === 'h24' ? two(shown) : String(shown))
    }
    if (minute) add('minute', parts.length || second ? two(at.getUTCMinutes()) : String(at.getUTCMinutes()))
    if (second) add('second', parts.length ? two(at.getUTCSeconds()) : String(at.getUTCSeconds()))
    if (digits) add('fractionalSecond', String(at.getUTCMilliseconds()).padStart(3, '0').slice(0, digits), '.')
    if (hour && (cycle === 'h11' || cycle === 'h12')) add('dayPeriod', hours < 12 ? 'AM' : 'PM', ' ')
    return parts
  }
  formatRange(from, to) {
    const [one, other] = [this.format(from), this.format(to)]
    return one === other ? one : `${one} – ${other}`
  }
}

const SYMBOLS = { USD: '$', EUR: '€', GBP: '£', JPY: '¥', INR: '₹', CNY: 'CN¥', KRW: '₩', BRL: 'R$', CAD: 'CA$', AUD: 'A$', MXN: 'MX$', NZD: 'NZ$', HKD: 'HK$', TWD: 'NT$', ILS: '₪', VND: '₫', PHP: '₱', XAF: 'FCFA', XOF: 'F\u202fCFA' }
const WHOLE = ['JPY', 'KRW', 'VND', 'CLP', 'ISK', 'PYG', 'UGX', 'XAF', 'XOF', 'XPF', 'RWF', 'KMF', 'GNF', 'DJF', 'BIF', 'VUV']
const POWERS = [[1e12, 'T'], [1e9, 'B'], [1e6, 'M'], [1e3, 'K']]

class NumberFormat extends Formatter {
  #options
  constructor(locales, options = {}) {
    super(locales)
    const { style = 'decimal', notation = 'standard' } = options
    picked('style', style, ['decimal', 'percent', 'currency', 'unit'])
    if (style === 'unit') host.unsupported('Intl.NumberFormat with units')
    if (!['standard', 'compact'].includes(notation)) host.unsupported(`Intl.NumberFormat with the notation ${notation}`)
    const currency = options.currency?.toUpperCase()
    if (style === 'currency' && !/^[A-Z]{3}$/.test(currency ?? '')) throw new TypeError('Currency code is required with currency style.')
    const usual = style === 'currency' ? (WHOLE.includes(currency) ? [0, 0] : [2, 2]) : style === 'percent' || notation === 'compact' ? [0, 0] : [0, 3]
    const { minimumFractionDigits: least, maximumFractionDigits: most } = options
    for (const digits of [least, most]) if (digits !== undefined && !(digits >= 0 && digits <= 100)) throw new RangeError('digits value is out of range.')
    if (least > most) throw new RangeError('maximumFractionDigits value is out of range.')
    const minimum = least ?? Math.min(usual[0], most ?? usual[0])
    const useGrouping = options.useGrouping ?? true
    this.#options = { useGrouping, ...options, style, notation, currency, least: minimum, most: most ?? Math.max(usual[1], minimum) }
  }
  resolvedOptions() {
    const { style, notation, currency, least, most, useGrouping } = this.#options
    return { locale: LOCALE, numberingSystem: 'latn', style, ...(currency && { currency, currencyDisplay: 'symbol' }), minimumIntegerDigits: 1, minimumFractionDigits: least, maximumFractionDigits: most, useGrouping: useGrouping ? 'auto' : false, notation, signDisplay: 'auto' }
  }
  formatToParts(value) {
    const { style, currency, currencyDisplay = 'symbol', signDisplay = 'auto', useGrouping } = this.#options
    const number = typeof value === 'bigint' ? value : Number(value)
    const negative = number < 0 || Object.is(number, -0)
    const parts = this.#digits(negative ? -number : number)
    const zero = !parts.some((part) => /[1-9∞]/.test(part.value))
    const sign = signDisplay === 'never' || (negative && zero && signDisplay !== 'auto' && signDisplay !== 'always') ? '' : negative ? '-' : signDisplay === 'always' || (signDisplay === 'exceptZero' && !zero) ? '+' : ''
    if (useGrouping && useGrouping !== 'false') group(parts)
    if (style === 'percent') parts.push({ type: 'percentSign', value: '%' })
    if (style === 'currency') {
      const symbol = currencyDisplay === 'symbol' ? SYMBOLS[currency] ?? currency : currencyDisplay === 'narrowSymbol' ? (SYMBOLS[currency] ?? currency).replace(/^[A-Z]+(?=.)(?![A-Z])/, '') : currency
      if (currencyDisplay === 'name') parts.push({ type: 'literal', value: ' ' }, { type: 'currency', value: currency })
      else parts.unshift({ type: 'currency', value: symbol }, ...(/[A-Z]$/.test(symbol) ? [{ type: 'literal', value: '\u00a0' }] : []))
    }
    if (sign) parts.unshift({ type: sign === '-' ? 'minusSign' : 'plusSign', value: sign })
    return parts
  }
  #digits(number) {
    const { style, notation, least, most, minimumIntegerDigits = 1, maximumSignificantDigits: significant, minimumSignificantDigits: atLeast = 1 } = this.#options
    if (Number.isNaN(number)) return [{ type: 'nan', value: 'NaN' }]
    if (number === Infinity) return [{ type: 'infinity', value: '∞' }]
    let [text, suffix] = [String(number), '']
    if (typeof number === 'number') {
      let [scaled, from, to] = [style === 'percent' ? number * 100 : number, least, most]
      const power = notation === 'compact' && POWERS.find(([power]) => Math.round(scaled) >= power)
      if (power) [scaled, suffix] = [scaled / power[0], power[1]]
      if (notation === 'compact' && this.#options.maximumFractionDigits === undefined) to = scaled < 99.5 ? Math.max(0, 1 - Math.floor(Math.log10(scaled || 1))) : 0
      if (significant !== undefined) {
        const size = scaled === 0 ? 0 : Math.floor(Math.log10(scaled))
        scaled = Number(scaled.toPrecision(significant))
        ;[from, to] = [Math.max(0, atLeast - 1 - size), Math.max(0, significant - 1 - size)]
      }
      text = scaled < 1e21 ? fixed(scaled, Math.min(to, 100)) : BigInt(scaled).toString()
      if (text.includes('.')) while (text.endsWith('0') && text.split('.')[1].length > from) text = text.slice(0, -1)
      text = text.replace(/\.$/, '')
      if (from > 0) text = text.includes('.') ? text.padEnd(text.indexOf('.') + 1 + from, '0') : `${text}.${'0'.repeat(from)}`
    } else {
      text = String(style === 'percent' ? number * 100n : number)
      if (least > 0) text += `.${'0'.repeat(least)}`
    }
    const [whole, fraction] = text.split('.')
    const parts = [{ type: 'integer', value: whole.padStart(minimumIntegerDigits, '0') }]
    if (fraction) parts.push({ type: 'decimal', value: '.' }, { type: 'fraction', value: fraction })
    if (suffix) parts.push({ type: 'compact', value: suffix })
    return parts
  }
}
// Rounds ties away from zero, in decimal: 1.005 counts as written, not as the double below it.
function fixed(number, digits) {
  const text = String(number)
  if (text.includes('e') || (text.split('.')[1] ?? '').length <= digits) return number.toFixed(digits)
  const shifted = Math.round(Number(`${text}e${digits}`))
  return Number.isSafeInteger(shifted) ? Number(`${shifted}e-${digits}`).toFixed(digits) : number.toFixed(digits)
}
function group(parts) {
  const at = parts.findIndex((part) => part.type === 'integer')
  if (at < 0) return
  const groups = parts[at].value.replace(/\B(?=(\d{3})+$)/g, ',').split(',')
  parts.splice(at, 1, ...groups.flatMap((value, index) => (index ? [{ type: 'group', value: ',' }, { type: 'integer', value }] : [{ type: 'integer', value }])))
}

class PluralRules extends Formatter {
  #ordinal
  constructor(locales, { type = 'cardinal' } = {}) {
    super(locales)
    this.#ordinal = picked('type', type, ['cardinal', 'ordinal']) === 'ordinal'
  }
  select(number) {
    if (!this.#ordinal) return Number(number) === 1 ? 'one' : 'other'
    const [last, teens] = [number % 10, number % 100 > 10 && number % 100 < 14]
    return (teens ? undefined : ['', 'one', 'two', 'few'][last]) || 'other'
  }
  resolvedOptions() { return { locale: LOCALE, type: this.#ordinal ? 'ordinal' : 'cardinal', pluralCategories: this.#ordinal ? ['few', 'one', 'two', 'other'] : ['one', 'other'] } }
}

const NEAR = { day: ['yesterday', 'today', 'tomorrow'], year: ['last year', 'this year', 'next year'], month: ['last month', 'this month', 'next month'], week: ['last week', 'this week', 'next week'], quarter: ['last quarter', 'this quarter', 'next quarter'], hour: [, 'this hour'], minute: [, 'this minute'], second: [, 'now'] }
class RelativeTimeFormat extends Formatter {
  #numeric
  constructor(locales, { numeric = 'always', style = 'long' } = {}) {
    super(locales)
    if (style !== 'long') host.unsupported('Intl.RelativeTimeFormat with short names')
    this.#numeric = picked('numeric', numeric, ['always', 'auto'])
  }
  format = (value, unit) => {
    const [number, name] = [Number(value), String(unit).replace(/s$/, '')]
    if (!NEAR[name]) throw new RangeError(`Invalid unit argument for format() '${unit}'`)
    const near = this.#numeric === 'auto' ? NEAR[name][number + 1] : undefined
    if (near !== undefined) return near
    const size = Math.abs(number)
    const text = `${new NumberFormat().format(size)} ${name}${size === 1 ? '' : 's'}`
    return number < 0 || Object.is(number, -0) ? `${text} ago` : `in ${text}`
  }
}

class ListFormat extends Formatter {
  #word
  constructor(locales, { type = 'conjunction' } = {}) {
    super(locales)
    this.#word = { conjunction: 'and ', disjunction: 'or ', unit: '' }[picked('type', type, ['conjunction', 'disjunction', 'unit'])]
  }
  format = (list) => {
    const items = [...list]
    if (items.length < 2) return items.join('')
    const last = items.pop()
    return items.length === 1 ? `${items[0]}${this.#word ? ` ${this.#word}` : ', '}${last}` : `${items.join(', ')}, ${this.#word}${last}`
  }
}

class Collator extends Formatter {
  #options
  constructor(locales, { numeric = false, sensitivity = 'variant' } = {}) {
    super(locales)
    this.#options = { numeric, sensitivity: picked('sensitivity', sensitivity, ['base', 'accent', 'case', 'variant']) }
  }
  compare = (one, other) => {
    const { numeric, sensitivity } = this.#options
    const bare = (text) => text.normalize('NFD').replace(/\p{M}/gu, '')
    const steps = [(text) => bare(text).toLowerCase()]
    if (sensitivity === 'accent' || sensitivity === 'variant') steps.push((text) => text.normalize('NFD').toLowerCase())
    // Lower case sorts first.
    if (sensitivity === 'case' || sensitivity === 'variant') steps.push((text) => bare(text).replace(/\p{L}/gu, (letter) => (letter === letter.toLowerCase() ? '0' : '1')))
    for (const step of steps) {
      const found = ordered(step(String(one)), step(String(other)), numeric)
      if (found) return found
    }
    return 0
  }
  resolvedOptions() { return { locale: LOCALE, usage: 'sort', ignorePunctuation: false, collation: 'default', caseFirst: 'false', ...this.#options } }
}
// Sort order: whitespace, punctuation, digits, letters.
const rank = (letter) => (/\s/.test(letter) ? 0 : /\d/.test(letter) ? 2 : /\p{L}/u.test(letter) ? 3 : 1)
function ordered(one, other, numeric) {
  const parts = (text) => text.match(numeric ? /\d+|[^]/gu : /[^]/gu) ?? []
  const [left, right] = [parts(one), parts(other)]
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    if (left[at] === right[at]) continue
    const by = rank(left[at]) - rank(right[at])
    if (by) return Math.sign(by)
    if (numeric && /\d/.test(left[at]) && Number(left[at]) !== Number(right[at])) return Math.sign(Number(left[at]) - Number(right[at]))
    return left[at] < right[at] ? -1 : 1
  }
  return Math.sign(left.length - right.length)
}

const all = { DateTimeFormat, NumberFormat, PluralRules, RelativeTimeFormat, ListFormat, Collator }
for (const Kind of Object.values(all)) if (!Object.hasOwn(Kind.prototype, 'resolvedOptions')) Kind.prototype.resolvedOptions = () => ({ locale: LOCALE })
// `Intl.NumberFormat()` works without `new`.
const callable = (Kind) => new Proxy(Kind, { apply: (target, _, values) => new target(...values) })
const Intl = host.absent('Intl', { ...Object.fromEntries(Object.entries(all).map(([name, Kind]) => [name, callable(Kind)])), getCanonicalLocales: (locales) => (checked(locales), [locales ?? []].flat()) })
Object.defineProperty(Intl, Symbol.toStringTag, { value: 'Intl' })
module.exports = { Intl, DateTimeFormat, NumberFormat, Collator }
