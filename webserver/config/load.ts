import type { z } from 'zod'
import clusterConfig from '../../cluster.config'
import {
  parseCommandLine,
  readEnvironment,
  unknown,
  UsageError,
  type RawSettings,
} from './command-line'
import type { ClusterConfig, ClusterHooks } from './define-cluster'
import { helpText } from './help'
import { configSchema, type Config } from './schema'
import { listSettings } from './settings-list'
import { readVersion } from './version'

export interface LoadedConfig {
  config: Config
  hooks: ClusterHooks
}

/**
 * The settings of this start: flags over environment over `cluster.config.ts` over defaults. Answers `--help` and
 * `--version`; ends the process with status 2 and one sentence when something is wrong.
 */
export function loadConfig(argv = process.argv.slice(2), env = process.env): LoadedConfig {
  try {
    const command = parseCommandLine(argv)
    if (command.kind === 'help') return leave(helpText(), 0)
    if (command.kind === 'version') return leave(`gristmill ${readVersion()}\n`, 0)
    const config = resolveConfig(clusterConfig, readEnvironment(env), command.flags)
    return { config, hooks: clusterConfig.hooks ?? {} }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`gristmill: ${error.message}\n`)
    process.exit(2)
  }
}

/** The settings without any flag: how commands beside the service learn where it keeps things. @throws {UsageError} */
export function installedConfig(env = process.env): Config {
  return configWith(new Map(), env)
}

/** The settings for a command that takes the service's flags too. @throws {UsageError} */
export function configWith(flags: RawSettings, env = process.env): Config {
  return resolveConfig(clusterConfig, readEnvironment(env), flags)
}

function leave(text: string, code: number): never {
  process.stdout.write(text)
  process.exit(code)
}

/** @throws {UsageError} naming the setting that is wrong. */
export function resolveConfig(file: ClusterConfig, ...overrides: RawSettings[]): Config {
  const sections = structuredClone(file.settings ?? {}) as Record<string, Record<string, unknown>>
  for (const raw of overrides) for (const [path, value] of raw) assign(sections, path, value)
  const result = configSchema.safeParse(sections)
  if (result.success) return Object.freeze(result.data)
  throw new UsageError(describe(result.error.issues[0]!))
}

function assign(
  sections: Record<string, Record<string, unknown>>,
  path: string,
  value: string,
): void {
  const [section = '', name = ''] = path.split('.')
  sections[section] = { ...sections[section], [name]: value }
}

function describe(issue: z.core.$ZodIssue): string {
  const path = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    const known = listSettings().map((s) => s.path)
    return unknown('setting', path === '' ? issue.keys[0]! : `${path}.${issue.keys[0]}`, known)
  }
  const setting = listSettings().find((s) => s.path === path)
  const unit = setting === undefined ? '' : ` (${setting.unit}; ${setting.flag})`
  return `The setting ${path} is not valid${unit}: ${issue.message}.`
}
