// Modules of Node.js that the embedded engine lacks: files, sockets, servers, compression, threads.
const name = module.id
const EventEmitter = require('events')

if (name === 'http' || name === 'https') {
  class Agent extends EventEmitter {
    constructor(options) {
      super()
      this.options = { ...options }
    }
    destroy() {}
  }
  const methods = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']
  module.exports = host.absent(name, { Agent, globalAgent: new Agent(), METHODS: methods, STATUS_CODES: {} })
} else if (name === 'net') {
  const v4 = (text) => /^(\d{1,3}\.){3}\d{1,3}$/.test(text) && text.split('.').every((part) => part < 256)
  const v6 = (text) => text.includes(':') && host.url(`http://[${text}]/`) != null
  const isIP = (text) => (v4(String(text)) ? 4 : v6(String(text)) ? 6 : 0)
  module.exports = host.absent(name, { isIP, isIPv4: (text) => isIP(text) === 4, isIPv6: (text) => isIP(text) === 6 })
} else if (name === 'fs') {
  module.exports = host.absent(name, { promises: host.absent('fs.promises', {}), existsSync: () => false, constants: {} })
} else if (name === 'dns') {
  module.exports = host.absent(name, { promises: host.absent('dns.promises', {}) })
} else if (name === 'worker_threads') {
  module.exports = host.absent(name, { isMainThread: true, parentPort: null, resourceLimits: {}, threadId: 0, workerData: null })
} else {
  module.exports = host.absent(name, { constants: {} })
}
