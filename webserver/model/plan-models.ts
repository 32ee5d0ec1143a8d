import type { Config } from '../config/schema'
import type { PlannedModel } from './model-plan'
import {
  modelSettingsSchema,
  type ModelSettings,
  readModelSettings,
  readSharedSettings,
} from './model-settings'
import { listModelNames, listVersions, type ModelFile, sha256Of } from './repository'
import { applyPolicy, policyOf } from './version-policy'

export interface PlanOptions {
  /** Where the models are. */
  directory: string
  settings: Config['models']
  /** What was planned before: a file whose size and time are the same is not read again for its digest. */
  previous?: readonly PlannedModel[]
}

/** Every version that is to be served, by model; lowest version first. One that must not be loaded says why. */
export async function planModels(options: PlanOptions): Promise<PlannedModel[]> {
  const plan: PlannedModel[] = []
  for (const name of await listModelNames(options.directory))
    plan.push(...(await planModel(name, options)))
  return plan
}

/** The versions of one model that its policy has served; none when it has none on disk. */
export async function planModel(name: string, options: PlanOptions): Promise<PlannedModel[]> {
  const files = await listVersions(options.directory, name)
  const chosen = applyPolicy(
    files.map(({ version }) => version),
    await policyFor(files, options),
  )
  const plan: PlannedModel[] = []
  for (const file of files.filter(({ version }) => chosen.includes(version)))
    plan.push(await planVersion(file, options.previous ?? []))
  return plan
}

/** A `model.json` that cannot be understood is every version's refusal; until then the default holds. */
async function policyFor([file]: readonly ModelFile[], { settings }: PlanOptions) {
  const preset = policyOf(settings.versionPolicy)
  if (file === undefined) return preset
  const shared = await readSharedSettings(file.directory).catch(() => null)
  return shared?.versionPolicy ?? preset
}

async function planVersion(
  file: ModelFile,
  previous: readonly PlannedModel[],
): Promise<PlannedModel> {
  const { settings, refusal } = await settingsOf(file)
  const sha256 = await digestOf(file, previous)
  return { ...file, sha256, settings, tuning: null, refusal, load: 'start' }
}

async function settingsOf({ directory, version }: ModelFile) {
  try {
    return { settings: await readModelSettings(directory, version), refusal: null }
  } catch (error) {
    const settings: ModelSettings = modelSettingsSchema.parse({})
    return { settings, refusal: (error as Error).message }
  }
}

async function digestOf(file: ModelFile, previous: readonly PlannedModel[]): Promise<string> {
  const known = previous.find(
    ({ path, sizeBytes, modifiedAtMs }) =>
      path === file.path && sizeBytes === file.sizeBytes && modifiedAtMs === file.modifiedAtMs,
  )
  return known?.sha256 ?? sha256Of(file.path)
}
