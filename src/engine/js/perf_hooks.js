// node:perf_hooks: the clock of the web, and observers that observe nothing.
class PerformanceObserver {
  observe() {}
  disconnect() {}
  takeRecords() { return [] }
}
PerformanceObserver.supportedEntryTypes = []
module.exports = host.absent('perf_hooks', { performance: globalThis.performance, PerformanceObserver, constants: {} })
