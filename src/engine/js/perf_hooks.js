// node:perf_hooks: the clock of the web; nothing is observed.
class PerformanceObserver {
  observe() {}
  disconnect() {}
  takeRecords() { return [] }
}
PerformanceObserver.supportedEntryTypes = []
module.exports = host.absent('perf_hooks', { performance: globalThis.performance, PerformanceObserver, constants: {} })
