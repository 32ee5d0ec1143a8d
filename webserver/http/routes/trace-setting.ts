import { z } from 'zod'
import type { LiveChange, LiveSettings } from '../../domain/live-settings'
import type { MonitoringService } from '../../services/monitoring-service'
import { invalidField } from '../invalid-field'
import { type Access, defineRoute, type Route } from '../route'
import { modelParams } from '../schemas'

const traceSettings = z.strictObject({
  trace_file: z.string().meta({ description: 'In the directory of the setting perf.directory.' }),
  trace_level: z.array(z.enum(['OFF', 'TIMESTAMPS'])),
  trace_rate: z.string().meta({ description: 'One of so many requests of a process is logged.' }),
  trace_count: z.literal('-1'),
  log_frequency: z.literal('0'),
})
const text = z.union([z.string(), z.number(), z.null()])
const traceChange = z
  .strictObject({
    trace_file: text,
    trace_level: z.union([z.string(), z.array(z.string()), z.null()]),
    trace_rate: text,
    trace_count: text,
    log_frequency: text,
  })
  .partial()
  .meta({ description: 'null goes back to what was set at the start.' })

type TraceChange = z.output<typeof traceChange>

const answers = { 200: { description: 'As they are now.', schema: traceSettings } }

/** The trace extension of the protocol: it turns the perf log on and off, in all processes at once. */
export function traceRoutes(
  monitoring: MonitoringService,
  { requireToken }: { requireToken: boolean },
): Route[] {
  const access: Access = requireToken ? 'session' : 'public'
  return [...ofService(monitoring, access), ...ofModel(monitoring, access)]
}

function ofService(monitoring: MonitoringService, access: Access): Route[] {
  const common = { path: '/v2/trace/setting', errorForm: 'inference', responses: answers } as const
  const show = defineRoute(
    { ...common, method: 'get', summary: 'Whether requests are traced', access },
    async () => ({ status: 200, body: shown(await monitoring.liveSettings({})) }),
  )
  const change = defineRoute(
    {
      ...common,
      method: 'post',
      summary: 'Trace requests, or no longer; for admins',
      access: 'session',
      errors: ['forbidden'],
      body: traceChange,
    },
    async ({ caller, body }) => ({
      status: 200,
      body: shown(await monitoring.changeLive(caller, changeOf(body))),
    }),
  )
  return [show, change]
}

/** The perf log is one for all models: a model's own settings can be asked for and cleared, but not set. */
function ofModel(monitoring: MonitoringService, access: Access): Route[] {
  const common = {
    path: '/v2/models/:model/trace/setting',
    errorForm: 'inference',
    params: modelParams,
    responses: answers,
  } as const
  const show = defineRoute(
    {
      ...common,
      method: 'get',
      summary: 'Whether requests to a model are traced',
      access,
      errors: ['not_found'],
    },
    async ({ params }) => ({ status: 200, body: shown(await monitoring.liveSettings(params)) }),
  )
  const clear = defineRoute(
    {
      ...common,
      method: 'post',
      summary: 'Have a model follow the settings of all, which is all that it can; for admins',
      access: 'session',
      errors: ['not_found', 'forbidden'],
      body: traceChange,
    },
    async ({ caller, params, body }) => {
      const settings = await monitoring.changeLive(caller, {})
      await monitoring.liveSettings(params)
      requireCleared(body)
      return { status: 200, body: shown(settings) }
    },
  )
  return [show, clear]
}

function shown({ trace, traceSample, run }: LiveSettings): z.output<typeof traceSettings> {
  return {
    trace_file: run === null ? '' : `${run}/<pid>.log`,
    trace_level: [trace ? 'TIMESTAMPS' : 'OFF'],
    trace_rate: String(traceSample),
    trace_count: '-1',
    log_frequency: '0',
  }
}

/** @throws {AppError} `invalid`, naming what is not supported. */
function changeOf(body: TraceChange): LiveChange {
  const { trace_level: level, trace_rate: rate } = body
  requireFixed(body)
  return {
    ...(level === undefined ? {} : { trace: level === null ? null : traceOf(level) }),
    ...(rate === undefined ? {} : { traceSample: rate === null ? null : sampleOf(rate) }),
  }
}

function traceOf(level: string | readonly string[]): boolean {
  const levels = typeof level === 'string' ? [level] : level
  const other = levels.find((one) => one !== 'OFF' && one !== 'TIMESTAMPS')
  if (other !== undefined || levels.length === 0)
    throw invalidField(
      'trace_level',
      `${other ?? 'none'} is not supported, only OFF and TIMESTAMPS`,
    )
  return levels.includes('TIMESTAMPS')
}

function sampleOf(rate: string | number): number {
  const sample = /^[1-9]\d{0,8}$/.test(String(rate)) ? Number(rate) : NaN
  if (Number.isNaN(sample)) throw invalidField('trace_rate', 'must be a whole number from 1 on')
  return sample
}

function requireFixed({ trace_file: file, trace_count: count, log_frequency: often }: TraceChange) {
  if (typeof file === 'string' && file !== '')
    throw invalidField(
      'trace_file',
      'cannot be changed: every process writes to the log of its run',
    )
  if (count !== undefined && count !== null && String(count) !== '-1')
    throw invalidField('trace_count', 'a number of traces is not supported, only -1')
  if (often !== undefined && often !== null && String(often) !== '0')
    throw invalidField('log_frequency', 'files of a number of traces are not supported, only 0')
}

function requireCleared(body: TraceChange): void {
  const set = Object.entries(body).find(([, value]) => value !== null)
  if (set === undefined) return
  throw invalidField(set[0], 'a model has no trace settings of its own; use /v2/trace/setting')
}
