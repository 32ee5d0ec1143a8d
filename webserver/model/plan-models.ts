import type { Config } from '../config/schema'
import type { PlannedModel } from './model-plan'
import {
  modelSettingsSchema,
  type ModelSettings,
  readModelSettings,
  readSharedSettings,
} from './model-settings'
import { type ModelWish, ModelWishes } from './model-wishes'
import { NotAFileError } from './regular-file'
import { listModelNames, listVersions, type ModelFile, sha256Of } from './repository'
import { applyPolicy, policyOf, type VersionPolicy } from './version-policy'

export interface PlanOptions {
  /** Where the models are. */
  directory: string
  settings: Config['models']
  /** Which of them are to be loaded; as the settings say when absent. */
  wishes?: ModelWishes
  /** What was planned before: a file whose size and time are the same is not read again for its digest. */
  previous?: readonly PlannedModel[]
}

/** Every version that is to be served, by model; lowest version first. One that must not be loaded says why. */
export async function planModels(options: PlanOptions): Promise<PlannedModel[]> {
  const { directory, settings, previous = [] } = options
  const wishes = options.wishes ?? ModelWishes.fromSettings(settings)
  const names = new Set([...(await listModelNames(directory)), ...wishes.uploaded])
  const plan: PlannedModel[] = []
  for (const name of [...names].sort()) {
    const wish = wishes.of(name)
    const files = await listVersions(wish.override?.directory ?? directory, name)
    const served = await chooseVersions(files, wish, policyOf(settings.versionPolicy))
    for (const file of served) plan.push(await planVersion(file, wish, previous))
  }
  return plan
}

/** A `model.json` that cannot be understood is every version's refusal; the policy is then the preset one. */
async function chooseVersions(
  files: readonly ModelFile[],
  { override }: ModelWish,
  preset: VersionPolicy,
): Promise<ModelFile[]> {
  if (files.length === 0) return []
  const shared = await readSharedSettings(files[0]!.directory).catch(() => null)
  const policy = override?.settings.versionPolicy ?? shared?.versionPolicy ?? preset
  const chosen = applyPolicy(
    files.map(({ version }) => version),
    policy,
  )
  return files.filter(({ version }) => chosen.includes(version))
}

async function planVersion(
  file: ModelFile,
  { load, override }: ModelWish,
  previous: readonly PlannedModel[],
): Promise<PlannedModel> {
  const { settings, refusal } = await settingsOf(file)
  const content = load === 'never' ? { sha256: '', refusal: null } : await contentOf(file, previous)
  const { sha256 } = content
  const merged = { ...settings, ...override?.settings }
  const why = refusal ?? content.refusal
  return { ...file, sha256, settings: merged, checked: null, tuning: null, refusal: why, load }
}

async function settingsOf({ directory, version }: ModelFile) {
  try {
    return { settings: await readModelSettings(directory, version), refusal: null }
  } catch (error) {
    const settings: ModelSettings = modelSettingsSchema.parse({})
    return { settings, refusal: (error as Error).message }
  }
}

async function contentOf(file: ModelFile, previous: readonly PlannedModel[]) {
  try {
    return { sha256: await digestOf(file, previous), refusal: null }
  } catch (error) {
    const what = error instanceof NotAFileError ? 'is not a file' : 'cannot be read'
    return { sha256: '', refusal: `model.onnx ${what}` }
  }
}

async function digestOf(file: ModelFile, previous: readonly PlannedModel[]): Promise<string> {
  const known = previous.find(
    ({ path, sizeBytes, modifiedAtMs }) =>
      path === file.path && sizeBytes === file.sizeBytes && modifiedAtMs === file.modifiedAtMs,
  )
  return known?.sha256 || sha256Of(file.path)
}
