// node:tty without a terminal.
const { Stream } = require('stream')
Object.assign(exports, { isatty: () => false, ReadStream: Stream, WriteStream: Stream })
