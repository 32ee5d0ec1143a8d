import { z } from 'zod'
import type { LogLevel } from '../../domain/live-settings'
import type { MonitoringService } from '../../services/monitoring-service'
import { invalidField } from '../invalid-field'
import { defineRoute, type Route } from '../route'

const settings = z.strictObject({
  log_file: z.string().meta({ description: 'Empty: messages go to stderr.' }),
  log_info: z.boolean(),
  log_warning: z.boolean(),
  log_error: z.boolean(),
  log_verbose_level: z.number().int().meta({ description: '0, or 1 for messages of level debug.' }),
  log_format: z.string(),
})

const change = z.strictObject({
  log_file: z.string().exactOptional(),
  log_info: z.boolean().exactOptional(),
  log_warning: z.boolean().exactOptional(),
  log_error: z.boolean().exactOptional(),
  log_verbose_level: z.number().int().exactOptional(),
  log_format: z.string().exactOptional(),
})

type Settings = z.output<typeof settings>

const answers = { 200: { description: 'As they are now.', schema: settings } }

/** The logging extension of the protocol: the least severe message that is printed, by all processes. */
export function loggingRoutes(
  monitoring: MonitoringService,
  { requireToken }: { requireToken: boolean },
): Route[] {
  const common = { path: '/v2/logging', errorForm: 'inference', responses: answers } as const
  const show = defineRoute(
    {
      ...common,
      method: 'get',
      summary: 'Which messages are printed',
      access: requireToken ? 'session' : 'public',
    },
    async () => ({ status: 200, body: shown((await monitoring.liveSettings({})).logLevel) }),
  )
  const update = defineRoute(
    {
      ...common,
      method: 'post',
      summary: 'Print more messages, or fewer; for admins',
      access: 'session',
      errors: ['forbidden'],
      body: change,
    },
    async ({ caller, body }) => {
      const { logLevel } = await monitoring.changeLive(caller, {})
      const wanted = { ...shown(logLevel), ...body }
      const level = levelOf(wanted)
      const changed = level === logLevel ? {} : { logLevel: level }
      return { status: 200, body: shown((await monitoring.changeLive(caller, changed)).logLevel) }
    },
  )
  return [show, update]
}

const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const satisfies LogLevel[]

function shown(level: LogLevel): Settings {
  const prints = (other: LogLevel) => levels.indexOf(level) <= levels.indexOf(other)
  return {
    log_file: '',
    log_info: prints('info'),
    log_warning: prints('warn'),
    log_error: prints('error'),
    log_verbose_level: prints('debug') ? 1 : 0,
    log_format: 'ISO8601',
  }
}

/** A level prints everything more severe as well, so that not every combination exists. */
function levelOf(wanted: Settings): LogLevel {
  const level = levels.find((level) => sameAs(shown(level), wanted))
  if (level !== undefined) return level
  const fixed = shown('info')
  if (wanted.log_file !== fixed.log_file)
    throw invalidField('log_file', 'log file location can not be updated through network protocol')
  if (wanted.log_format !== fixed.log_format)
    throw invalidField('log_format', `only ${fixed.log_format} is supported`)
  if (wanted.log_verbose_level !== 0 && wanted.log_verbose_level !== 1)
    throw invalidField('log_verbose_level', 'must be 0 or 1')
  throw invalidField('log_error', 'what is printed includes everything more severe')
}

function sameAs(one: Settings, other: Settings): boolean {
  return (Object.keys(one) as (keyof Settings)[]).every((key) => one[key] === other[key])
}
