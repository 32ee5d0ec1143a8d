import { closestTo } from './closest'
import { listSettings, type SettingInfo } from './settings-list'

/** The command line, the environment or `cluster.config.ts` is wrong. The message is one sentence for the person at the shell. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Values by setting path, still as strings. */
export type RawSettings = Map<string, string>

export type Command = { kind: 'help' } | { kind: 'version' } | { kind: 'start'; flags: RawSettings }

/** Short forms of what is typed most. */
export const aliases: Readonly<Record<string, string>> = {
  '--data': '--data-directory',
  '--port': '--http-port',
  '--host': '--http-host',
  '--nginx': '--http-nginx',
  '--workers': '--cluster-workers',
  '--engines': '--cluster-engines',
}

/** Flags are `--name value`, `--name=value`, and for switches `--name` or `--no-name`. @throws {UsageError} */
export function parseCommandLine(argv: readonly string[]): Command {
  const flags: RawSettings = new Map()
  const rest = [...argv]
  while (rest.length > 0) {
    const word = rest.shift()!
    if (word === '--help' || word === '-h') return { kind: 'help' }
    if (word === '--version') return { kind: 'version' }
    takeFlag(word, rest, flags)
  }
  return { kind: 'start', flags }
}

/** Takes one setting's flag, and its value from `rest`, into `flags`. @throws {UsageError} */
export function takeFlag(word: string, rest: string[], flags: RawSettings): void {
  const { name, value, negated } = splitFlag(word)
  const setting = settingOf(name)
  if (setting.unit !== 'true or false') {
    if (negated)
      throw new UsageError(`${setting.flag} is no switch: give it a value (${setting.unit}).`)
    flags.set(setting.path, value ?? nextValue(setting, rest))
    return
  }
  flags.set(setting.path, negated ? 'false' : (value ?? 'true'))
}

function splitFlag(word: string): { name: string; value: string | undefined; negated: boolean } {
  const [head = '', ...tail] = word.split('=')
  const value = tail.length > 0 ? tail.join('=') : undefined
  const negated = head.startsWith('--no-')
  const name = negated ? `--${head.slice('--no-'.length)}` : head
  return { name: aliases[name] ?? name, value, negated }
}

function settingOf(flag: string): SettingInfo {
  const settings = listSettings()
  const found = settings.find((s) => s.flag === flag)
  if (found !== undefined) return found
  throw new UsageError(
    unknown('flag', flag, [...settings.map((s) => s.flag), ...Object.keys(aliases)]),
  )
}

function nextValue({ flag, unit }: SettingInfo, rest: string[]): string {
  const value = rest.shift()
  if (value === undefined) throw new UsageError(`${flag} needs a value (${unit}).`)
  return value
}

/** `GRISTMILL_PROCESS` is how the primary talks to its children. @throws {UsageError} for any other unknown name. */
export function readEnvironment(env: NodeJS.ProcessEnv): RawSettings {
  const settings = listSettings()
  const raw: RawSettings = new Map()
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith('GRISTMILL_') || variable === 'GRISTMILL_PROCESS') continue
    const setting = settings.find((s) => s.variable === variable)
    if (setting === undefined)
      throw new UsageError(
        unknown(
          'variable',
          variable,
          settings.map((s) => s.variable),
        ),
      )
    raw.set(setting.path, value ?? '')
  }
  return raw
}

export function unknown(kind: string, word: string, known: readonly string[]): string {
  const closest = closestTo(word, known)
  const hint = closest === null ? 'see --help' : `did you mean ${closest}?`
  return `Unknown ${kind} ${word}: ${hint}`
}
