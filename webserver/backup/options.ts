import { takeFlag, unknown, UsageError, type RawSettings } from '../config/command-line'

export interface BackupOptions {
  target: string
  /** Snapshots that stay, this one included; null keeps all. */
  keep: number | null
  pruneOnly: boolean
  verify: boolean
  link: boolean
  models: boolean
  json: boolean
  /** Settings of the service, from its own flags. */
  settings: RawSettings
}

export interface RestoreOptions {
  target: string
  /** Null for the latest. */
  snapshot: string | null
  /** Null when only a list is asked for. */
  to: string | null
  json: boolean
}

export const backupUsage = `npm run backup -- <target directory> [options]

Copies a service's data, while it serves, into a snapshot below the target directory, and checks the copy. Contents
that an earlier snapshot has already are not copied again. A run that was ended at any point is simply run again.

  npm run backup -- /backups/mill                        one more snapshot, of ./data
  npm run backup -- /backups/mill --data /srv/mill       of a service with its data elsewhere
  npm run backup -- /backups/mill --keep 14              and let go of all but the newest 14
  npm run restore -- /backups/mill --to /srv/mill-again  to have it back

  --keep N        afterwards, delete all but the newest N snapshots and what only they used
  --prune-only    with --keep: only delete, for when the target is full
  --verify        read again, first, everything the target has; what is damaged is copied anew where it can be
  --link          give contents a second name instead of copying them: quick, no space, but on the same disk and so
                  no help when that disk fails; they are not read, but for --verify
  --no-models     leave out the models directory
  --json          the summary as JSON on stdout
  --help          this text
  --data DIR      the data directory; every other flag of npm start may be given too, where the service has it

The target may be on any file system. In it, snapshots/<time>/ has the database and manifest.json, blobs/ the contents
of all snapshots. Anyone who reads it reads everything: it is made for its owner's eyes only.
Check a snapshot without this program: cd <target>/snapshots/<time> && sha256sum --quiet -c SHA256SUMS

Exit codes: 0 backed up and checked; 1 failed, or something in the data was damaged; 2 these options are wrong.
`

export const restoreUsage = `npm run restore -- <target directory> --to <data directory> [options]

Makes a data directory out of a snapshot that npm run backup made, checking every byte. It must not be there yet, or be
empty: nothing is ever replaced. A restore that was ended is continued by running it again.

  npm run restore -- /backups/mill                              list the snapshots
  npm run restore -- /backups/mill --to /srv/mill               the latest snapshot
  npm run restore -- /backups/mill --to /srv/mill --snapshot 2026-11-25T03
                                                                the one whose name begins so
  npm start -- --data /srv/mill                                 then serve it

  --to DIR          the data directory to make
  --snapshot TIME   which one, by its name or the beginning of it (default: the latest)
  --json            the summary, or the list, as JSON on stdout
  --help            this text

Uploads that were not finished when the snapshot was taken are not in it. People stay logged in as they were then.

Exit codes: 0 restored and checked; 1 failed, or something in the snapshot was damaged; 2 these options are wrong.
`

/** @returns null when help is asked for. @throws {UsageError} */
export function parseBackup(argv: readonly string[]): BackupOptions | null {
  const words = parseWords(argv, {
    switches: ['--prune-only', '--verify', '--link', '--no-models', '--json'],
    values: ['--keep'],
    acceptsSettings: true,
  })
  if (words === null) return null
  const keep = words.values.get('--keep')
  const options = {
    target: onlyPositional(words, 'npm run backup -- <target directory>'),
    keep: keep === undefined ? null : wholeAbove0('--keep', keep),
    pruneOnly: words.switches.has('--prune-only'),
    verify: words.switches.has('--verify'),
    link: words.switches.has('--link'),
    models: !words.switches.has('--no-models'),
    json: words.switches.has('--json'),
    settings: words.settings,
  }
  if (options.pruneOnly && options.keep === null)
    throw new UsageError('--prune-only needs --keep N: how many snapshots stay.')
  return options
}

/** @returns null when help is asked for. @throws {UsageError} */
export function parseRestore(argv: readonly string[]): RestoreOptions | null {
  const words = parseWords(argv, {
    switches: ['--json'],
    values: ['--to', '--snapshot'],
    acceptsSettings: false,
  })
  if (words === null) return null
  return {
    target: onlyPositional(words, 'npm run restore -- <target directory> --to <data directory>'),
    snapshot: words.values.get('--snapshot') ?? null,
    to: words.values.get('--to') ?? null,
    json: words.switches.has('--json'),
  }
}

interface Words {
  positionals: string[]
  switches: Set<string>
  values: Map<string, string>
  settings: RawSettings
}

interface Known {
  switches: readonly string[]
  values: readonly string[]
  acceptsSettings: boolean
}

function parseWords(argv: readonly string[], known: Known): Words | null {
  const words: Words = {
    positionals: [],
    switches: new Set(),
    values: new Map(),
    settings: new Map(),
  }
  const rest = [...argv]
  while (rest.length > 0) {
    const word = rest.shift()!
    if (word === '--help' || word === '-h') return null
    takeWord(word, { rest, words, known })
  }
  return words
}

function takeWord(
  word: string,
  { rest, words, known }: { rest: string[]; words: Words; known: Known },
): void {
  const [name = '', ...tail] = word.split('=')
  if (!word.startsWith('-')) words.positionals.push(word)
  else if (known.switches.includes(word)) words.switches.add(word)
  else if (known.values.includes(name)) words.values.set(name, valueOf(name, tail, rest))
  else if (known.acceptsSettings) takeFlag(word, rest, words.settings)
  else throw new UsageError(unknown('flag', name, [...known.switches, ...known.values]))
}

function valueOf(name: string, tail: readonly string[], rest: string[]): string {
  const value = tail.length > 0 ? tail.join('=') : rest.shift()
  if (value === undefined || value === '') throw new UsageError(`${name} needs a value.`)
  return value
}

function onlyPositional({ positionals }: Words, usage: string): string {
  const [target, another] = positionals
  if (target === undefined) throw new UsageError(`Which directory? ${usage}`)
  if (another !== undefined)
    throw new UsageError(`One directory at a time; what is "${another}"? See --help.`)
  return target
}

function wholeAbove0(name: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new UsageError(`${name} needs a whole number above 0, not "${text}".`)
}
