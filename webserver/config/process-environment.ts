import { z } from 'zod'
import type { ProcessSetup } from './process-setup'
import { configSchema } from './schema'

const variable = 'GRISTMILL_PROCESS'

// What Node, SQLite and ONNX Runtime may need of the system's; nothing else of the environment reaches a child.
const passedOn = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LC_ALL', 'NODE_OPTIONS', 'NODE_ENV']

const setupSchema = z.object({
  role: z.enum(['worker', 'writer', 'engine', 'checker']),
  slot: z.number().int().min(1),
  config: configSchema,
  status: z
    .object({
      draining: z.boolean(),
      pins: z.record(z.string(), z.array(z.number())).exactOptional(),
      processes: z.array(
        z.object({
          role: z.enum(['worker', 'writer', 'engine', 'nginx']),
          slot: z.number(),
          ready: z.boolean(),
          reason: z.string().exactOptional(),
        }),
      ),
    })
    .optional(),
  run: z.object({ number: z.number(), directory: z.string(), epochNs: z.string() }).nullable(),
  perfSample: z.number().int().min(1).optional(),
})

/** @returns what the primary gave this process to do; null when this process is the primary. */
export function takeProcessSetup(): ProcessSetup | null {
  const json = process.env[variable]
  if (json === undefined) return null
  Reflect.deleteProperty(process.env, variable)
  return setupSchema.parse(JSON.parse(json))
}

/** The whole environment of a process that the primary starts: no secret of ours or of the shell's goes along. */
export function childEnvironment(setup: ProcessSetup | null): NodeJS.ProcessEnv {
  const known = passedOn.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    ...Object.fromEntries(known),
    ORT_DISABLE_TELEMETRY: '1',
    ...(setup === null ? {} : { [variable]: JSON.stringify(setup), ...allocatorOf(setup) }),
  }
}

/**
 * Where models come and go within a process, glibc returns large blocks to the system as they are freed (mallopt(3)).
 * Left alone it keeps them for the next run, which is some percent faster.
 */
function allocatorOf({ role, config }: ProcessSetup): NodeJS.ProcessEnv {
  if (role !== 'engine' || config.models.mode !== 'on_demand') return {}
  return { MALLOC_MMAP_THRESHOLD_: '4194304', MALLOC_TRIM_THRESHOLD_: '67108864' }
}

/** The same for node:cluster, which adds what it is given to the whole environment: the rest is taken out by name. */
export function clusterEnvironment(setup: ProcessSetup): NodeJS.ProcessEnv {
  const nothing = Object.keys(process.env).map((name) => [name, undefined] as const)
  return { ...Object.fromEntries(nothing), ...childEnvironment(setup) }
}
