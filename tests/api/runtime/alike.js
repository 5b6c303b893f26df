const { Buffer } = require('buffer'), util = require('util'), path = require('path'), url = require('node:url')
const crypto = require('crypto'), assert = require('assert'), qs = require('querystring'), EventEmitter = require('events')
const { StringDecoder } = require('string_decoder'), zlib = require('zlib'), http = require('http'), net = require('net')
const show = async (make) => {
  try {
    const value = await make()
    return typeof value === 'string' ? value : JSON.stringify(value) ?? 'undefined'
  } catch (error) {
    return `throws ${error.name}`
  }
}
const emitter = () => Object.assign(new EventEmitter(), { seen: [] })
const tests = [
  () => Buffer.from('héllo €😀').toString('hex'), () => Buffer.from('68c3a9zz', 'hex').toString(), () => Buffer.from('aGk_-w', 'base64url').toString('base64'),
  () => Buffer.from('a=b').toString('latin1') + Buffer.from('ÿé', 'latin1').toString('hex'), () => Buffer.from('hi', 'utf16le').toString('hex'),
  () => Buffer.concat([Buffer.from('ab'), Buffer.from('cd')], 3).toString(), () => Buffer.from([1, 2, 300]), () => Buffer.alloc(5, 'ab').toString(),
  () => Buffer.byteLength('€'), () => Buffer.isBuffer(Buffer.from('x').slice(0)), () => Buffer.compare(Buffer.from('a'), Buffer.from('b')), () => Buffer.from('abc').equals(Buffer.from('abc')),
  () => Buffer.from('hello').indexOf('ll'), () => Buffer.from('hello').includes('x'), () => { const b = Buffer.alloc(8); b.writeUInt32BE(0xdeadbeef, 2); b.writeInt16LE(-2, 6); return b.toString('hex') },
  () => Buffer.from([0xff, 0xfe, 1, 2]).readInt16BE(0) + Buffer.from([1, 2, 3, 4]).readUInt32LE(0), () => Buffer.from('ff', 'nope'), () => { const b = Buffer.from('hello'); b.write('XY', 1); b.copy(b, 3, 0, 2); return b.toString() },
  () => Buffer.from({ type: 'Buffer', data: [104] }).toString(), () => JSON.stringify(Buffer.from('a')), () => Buffer.from('€').toString('ascii'), () => Buffer.from('abcdef').subarray(2, 4).toString('base64'),
  () => new URL('../b?x=1#y', 'https://user:pass@Example.com:443/a/c/').href, () => new URL('nope'), () => { const u = new URL('http://a/b'); u.search = 'q=1'; u.searchParams.append('r', 'ü &'); u.hash = 'z'; u.port = '81'; return [u.href, u.host, u.origin, u.searchParams.get('r')] },
  () => new URLSearchParams('a=1&a=2&b=%20+%C3%BC').toString(), () => [...new URLSearchParams({ a: '1', b: 'x y' })], () => new URLSearchParams([['a', 'b*!']]).toString(), () => new URLSearchParams('a=1&b=2&a=3').getAll('a'),
  () => { const p = new URLSearchParams('a=1&b=2&a=3'); p.set('a', '9'); p.delete('b'); p.sort(); return [p.toString(), p.size, p.has('a')] }, () => url.parse('http://u:p@h:8/p?q=1#f').auth, () => url.parse('/p?q=1').pathname, () => url.format({ protocol: 'https', hostname: 'h', pathname: '/x', query: { a: 1 } }),
  () => url.resolve('http://a/b/c', '../d'), () => url.resolve('/one/two', 'three'), () => url.fileURLToPath('file:///a%20b'), () => qs.parse('a=1&a=2&b=x%20y'), () => qs.stringify({ a: [1, 2], b: 'ü' }),
  () => util.format('%s %d %i %j %O %%', 'a', '1.5', '2.9', { a: 1 }, [1]), () => util.format('a', { b: { c: { d: { e: 1 } } } }), () => util.inspect({ a: 'x', 'b-c': 1, f() {}, r: /x/g, n: null, u: undefined }),
  () => util.inspect(new Map([['a', { b: 1 }]])), () => util.inspect(new Set([1, 'x'])), () => util.inspect([]), () => util.inspect({}), () => util.isDeepStrictEqual({ a: [1, new Map([[1, 2]])] }, { a: [1, new Map([[1, 2]])] }), () => util.isDeepStrictEqual([1], [2]),
  async () => util.promisify((value, done) => done(null, value + 1))(1), () => { function A() {} function B() {} util.inherits(A, B); return new A() instanceof B }, () => util.types.isDate(new Date()), () => path.join('/a', '..', './b//c', '../d'), () => path.resolve('/a', 'b', '/c', '../d'),
  () => [path.basename('/a/b.txt', '.txt'), path.dirname('/a/b'), path.extname('a.b.c'), path.relative('/a/b/c', '/a/d'), path.normalize('a//b/../c/'), path.isAbsolute('a')], () => path.parse('/x/y.tar.gz'), () => path.format({ dir: '/x', name: 'n', ext: '.e' }),
  () => crypto.createHash('sha256').update('a').update(Buffer.from('b')).digest('hex'), () => crypto.createHash('md5').update('é').digest('base64'), () => crypto.createHmac('sha1', 'key').update('x').digest('hex'), () => crypto.createHmac('sha512', Buffer.from('k')).update('x').digest().length, () => crypto.createHash('nope'),
  () => crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('a')), () => crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('ab')), () => crypto.randomBytes(7).length, () => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]/.test(crypto.randomUUID()), () => { const n = crypto.randomInt(3, 5); return n === 3 || n === 4 },
  async () => Buffer.from(await globalThis.crypto.subtle.digest('SHA-256', Buffer.from('x'))).toString('hex'),
  async () => { const key = await crypto.webcrypto.subtle.importKey('raw', Buffer.from('k'), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']); const s = await crypto.webcrypto.subtle.sign('HMAC', key, Buffer.from('x')); return [Buffer.from(s).toString('hex'), await crypto.webcrypto.subtle.verify('HMAC', key, s, Buffer.from('x')), await crypto.webcrypto.subtle.verify('HMAC', key, s, Buffer.from('y'))] },
  () => assert.deepStrictEqual({ a: 1 }, { a: 2 }), () => assert.throws(() => { throw new TypeError('x') }, TypeError), () => assert(0), () => { const e = emitter(); e.on('a', (x) => e.seen.push(x)).once('a', () => e.seen.push('once')).prependListener('a', () => e.seen.push('first')); e.emit('a', 1); e.emit('a', 2); return [e.seen, e.listenerCount('a'), e.emit('none')] },
  () => emitter().emit('error', new RangeError('x')), () => { const d = new StringDecoder('utf8'); const b = Buffer.from('€'); return d.write(b.subarray(0, 1)) + '|' + d.write(b.subarray(1)) + '|' + d.end() }, () => net.isIP('::1') + net.isIP('1.2.3.4') + net.isIP('x'), () => typeof http.Agent + typeof http.request + typeof zlib.gzip + new http.Agent({ keepAlive: true }).options.keepAlive,
  () => new TextDecoder().decode(new TextEncoder().encode('ü😀')), () => new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff])), () => atob(btoa('hi ÿ')), () => btoa('€'), () => structuredClone({ a: new Date(0), b: [new Map([[1, new Set([2])]])] }).b[0].get(1).has(2), () => structuredClone(() => 1),
  () => { const c = new AbortController(); let seen = 0; c.signal.addEventListener('abort', () => seen++); c.abort(); c.abort(); return [seen, c.signal.aborted, c.signal.reason.name] }, () => AbortSignal.abort('x').reason, async () => { const s = AbortSignal.timeout(1); await new Promise((r) => s.addEventListener('abort', r)); return s.reason.name },
  () => { const h = new Headers({ B: '2', a: '1' }); h.append('b', '3'); return [...h] }, () => new Headers({ 'a b': '1' }), async () => { const r = new Response('{"a":1}', { status: 201 }); return [(await r.clone().json()).a, r.status, r.ok, r.headers.get('content-type')] }, () => new Request('http://h/x', { method: 'post', body: 'a' }).method,
  async () => { const seen = []; setTimeout(() => seen.push('t2'), 20); const i = setInterval(() => { seen.push('i'); clearInterval(i) }, 2); const never = setTimeout(() => seen.push('never'), 5); clearTimeout(never); process.nextTick(() => seen.push('tick')); queueMicrotask(() => seen.push('micro')); await new Promise((r) => setTimeout(r, 60)); return seen },
  () => [process.platform, typeof process.version, process.cwd(), process.argv.length > 0, typeof process.hrtime.bigint()], () => require('no-such-module'), () => typeof require('node:os').EOL, () => 'a\ud800'.toWellFormed().charCodeAt(1), () => Buffer.from('a\ud800').toString('hex'), () => util.inspect(new Date(0)), () => util.format('%s', { a: [1] }), () => crypto.createHmac('nope', 'k'),
]
return { body: JSON.stringify(await Promise.all(tests.map(show))) }
