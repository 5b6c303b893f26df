// Bundles the bot and the integration with each SDK, with the settings of the official command line (0.8.59).
import { build } from 'esbuild'
import { mkdirSync } from 'node:fs'

export const sdks = ['0.5.14', '0.10.10', '2.4.3', '5.4.3', '7.2.4']

export async function bundle(kind, sdk, outdir) {
  mkdirSync(outdir, { recursive: true })
  const outfile = `${outdir}/${kind}-${sdk}.cjs`
  await build({
    stdin: {
      contents: `import * as sdk from '@botpress/sdk'
import { RuntimeError } from '@botpress/client'
import make from '../../src/${kind}.js'
const made = make({ RuntimeError, ...sdk })
export default made
export const handler = made.handler`,
      resolveDir: `${import.meta.dirname}/sdk/${sdk}`,
    },
    outfile,
    bundle: true,
    platform: 'node',
    target: 'es2020',
    format: 'cjs',
    minify: true,
    keepNames: true,
    sourcemap: false,
    logLevel: 'error',
  })
  return outfile
}
