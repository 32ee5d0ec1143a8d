import { parseArgs } from 'node:util'

export interface DemoOptions {
  url: string
  dataDirectory: string
  perfLogs: string
  text: string
}

export const usage = `npm run demo -- [options] [words…]

Shows a running service at work: draws a picture of the words, uploads it, reads it back, lets the PP-OCR model read
the words in it, lets Silero VAD listen to a synthesised wave, and prints where the time went.

  --url URL           the service (default http://127.0.0.1:8080)
  --data DIR          its data directory, for the first-account token and the demo's own account (default data)
  --perf-logs DIR     its perf logs (default perf/logs)
  --help              this text

Exit codes: 0 the service did its part, even if the model misread; 1 it failed; 2 these options are wrong.
`

const defaultText = 'The mill grinds slowly but surely'

/** @returns null when help is asked for. @throws {TypeError} on an unknown option. */
export function parseOptions(args: readonly string[]): DemoOptions | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      url: { type: 'string', default: 'http://127.0.0.1:8080' },
      data: { type: 'string', default: 'data' },
      'perf-logs': { type: 'string', default: 'perf/logs' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return null
  if (!URL.canParse(values.url)) throw new TypeError(`--url is not a URL: ${values.url}`)
  return {
    url: values.url,
    dataDirectory: values.data,
    perfLogs: values['perf-logs'],
    text: positionals.join(' ').trim() || defaultText,
  }
}
