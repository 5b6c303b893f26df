// node:os without details of the machine.
Object.assign(exports, {
  EOL: '\n', devNull: '/dev/null', constants: { signals: {} },
  platform: () => 'linux', type: () => 'Linux', release: () => '', arch: () => 'x64', endianness: () => 'LE',
  hostname: () => 'localhost', homedir: () => '/', tmpdir: () => '/tmp', uptime: () => host.elapsed() / 1000,
  cpus: () => [], totalmem: () => 0, freemem: () => 0, loadavg: () => [0, 0, 0], networkInterfaces: () => ({}),
})
