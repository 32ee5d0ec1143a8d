import type { z } from 'zod'
import { configSchema } from './schema'

/** One setting with all its names. */
export interface SettingInfo {
  section: string
  name: string
  /** In `cluster.config.ts`: `http.port`. */
  path: string
  /** On the command line: `--http-port`. */
  flag: string
  /** In the environment: `GRISTMILL_HTTP_PORT`. */
  variable: string
  unit: string
  preset: string
  description: string
}

/** What `setting.ts` attaches; `preset` where the default is no constant. */
interface SettingMeta {
  unit: string
  description: string
  preset?: string
}

type Leaf = z.ZodType
type Section = z.ZodPrefault<z.ZodObject<Record<string, Leaf>>>

export function listSettings(): SettingInfo[] {
  const sections = Object.entries(configSchema.shape) as unknown as [string, Section][]
  return sections.flatMap(([section, schema]) =>
    Object.entries(schema.unwrap().shape).map(([name, leaf]) => settingInfo(section, name, leaf)),
  )
}

function settingInfo(section: string, name: string, leaf: Leaf): SettingInfo {
  const { unit, description, preset } = leaf.meta() as unknown as SettingMeta
  const words = `${section}${name[0]!.toUpperCase()}${name.slice(1)}`
  const kebab = words.replace(/[A-Z]|\d+/g, (part) => `-${part.toLowerCase()}`)
  return {
    section,
    name,
    path: `${section}.${name}`,
    flag: `--${kebab}`,
    variable: `GRISTMILL_${kebab.replaceAll('-', '_').toUpperCase()}`,
    unit,
    preset: preset ?? String(leaf.parse(undefined)),
    description,
  }
}
