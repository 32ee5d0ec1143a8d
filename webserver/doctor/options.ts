import { takeFlag, UsageError, type RawSettings } from '../config/command-line'

export interface DoctorOptions {
  /** Whether every blob is read and hashed, rather than a sample. */
  digests: boolean
  sample: number
  repair: boolean
  json: boolean
  /** Null for what the settings say. */
  url: string | null
  /** A file with a session's token. */
  tokenFile: string | null
  settings: RawSettings
}

export const usage = `npm run doctor -- [options]

Looks at everything that must be true of a service's data, and, when it runs, of the nginx in front of it. It changes
nothing unless told to repair, so that it may be run at any time, beside a running service too.

  npm run doctor                                   the data in ./data
  npm run doctor -- --data /srv/mill --digests     all of it, every content read and hashed again
  npm run doctor -- --token-file token             the nginx in front as well, with a session of yours
  npm run doctor -- --repair                       with the service stopped: put right what can be put right

  --digests          read every content and compare its SHA-256; without it a sample is read
  --sample N         how many contents the sample has (default 32; 0 reads none)
  --repair           recount the books, remove blobs and drafts that nothing refers to; never removes a record: what is
                     damaged is named, to be restored from a backup
  --dry-run          change nothing: what it does anyway
  --url URL          where the service answers (default: what its settings say)
  --token-file FILE  the token of a session, in a file that only you can read. With it an upload is sent slowly and
                     watched arriving, and a download compared; both in a folder .doctor of that account, deleted again
  --json             the findings as JSON on stdout
  --help             this text
  --data DIR         the data directory; every other flag of npm start may be given too, where the service has it

A session for it:
  (umask 077; curl -s http://127.0.0.1:8080/v1/sessions -H 'Content-Type: application/json' \\
    -d '{"name":"me","password":"…"}' | jq -r .token > token)

Exit codes: 0 nothing is wrong, or all of it was repaired; 1 something is wrong; 2 it could not look.
`

const switches = ['--digests', '--repair', '--dry-run', '--json']
const valued = ['--sample', '--url', '--token-file']

interface Words {
  given: Set<string>
  values: Map<string, string>
  settings: RawSettings
}

/** @returns null when help is asked for. @throws {UsageError} */
export function parseOptions(argv: readonly string[]): DoctorOptions | null {
  if (argv.includes('--help') || argv.includes('-h')) return null
  const words: Words = { given: new Set(), values: new Map(), settings: new Map() }
  const rest = [...argv]
  while (rest.length > 0) takeWord(rest.shift()!, rest, words)
  const { given, values, settings } = words
  if (given.has('--repair') && given.has('--dry-run'))
    throw new UsageError('--repair and --dry-run exclude each other.')
  return {
    digests: given.has('--digests'),
    repair: given.has('--repair'),
    json: given.has('--json'),
    sample: sampleOf(values.get('--sample') ?? '32'),
    url: values.get('--url') ?? null,
    tokenFile: values.get('--token-file') ?? null,
    settings,
  }
}

function takeWord(word: string, rest: string[], { given, values, settings }: Words): void {
  const [name = '', value] = word.split(/=(.*)/s)
  if (switches.includes(word)) given.add(word)
  else if (valued.includes(name)) values.set(name, value ?? valueOf(name, rest.shift()))
  else if (word.startsWith('-')) takeFlag(word, rest, settings)
  else throw new UsageError(`${word} is no option; --help lists them.`)
}

function valueOf(name: string, value: string | undefined): string {
  if (value !== undefined) return value
  throw new UsageError(`${name} needs a value.`)
}

function sampleOf(value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value)
  throw new UsageError('--sample must be a whole number.')
}
