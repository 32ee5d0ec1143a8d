import { readFile, rename, writeFile } from 'node:fs/promises'
import type { ModelFile } from './repository'
import type { ModelSettings } from './model-settings'

/** What runs of each batch size cost, measured on the machine that serves the model. */
export interface TuningTable {
  /** Machine, library and content it was measured with; it is measured again when they differ. */
  key: string
  /** RFC 3339. */
  measuredAt: string
  /** By size, smallest first; `runMs` is the median of one run. */
  rows: readonly { items: number; runMs: number }[]
  /** The size beyond which more items in a run no longer mean more items a second. */
  bestItems: number
}

/** One input or output as the file declares it; a dimension that is not fixed has a name, or an empty one. */
export interface PlannedTensor {
  name: string
  /** Element type in ONNX Runtime's words. */
  type: string
  shape: readonly (number | string)[]
}

/** What the checker saw of a version that loads. */
export interface CheckedModel {
  inputs: readonly PlannedTensor[]
  outputs: readonly PlannedTensor[]
  /** An estimate of what a process needs for the model while nothing runs. */
  memoryBytes: number
}

/** One version of a model as the primary plans it for the engines. */
export interface PlannedModel extends ModelFile {
  /** Empty while it is not to be loaded. */
  sha256: string
  settings: ModelSettings
  /** Null for one that is refused, or not checked yet. */
  checked: CheckedModel | null
  tuning: TuningTable | null
  /** Why no engine may load it, in one sentence; null when they may. */
  refusal: string | null
  /** When engines load it: as they start, when it is first asked for, or not at all. */
  load: 'start' | 'first_use' | 'never'
}

/** What all engines are to load. */
export interface ModelPlan {
  /** Counts the plans of this service; by it an engine says which one it has read. */
  number: number
  /** Lowest version of a model first. */
  models: readonly PlannedModel[]
}

/** Replaces the file whole: whoever reads it sees the old plan or the new one. */
export async function writePlan(path: string, plan: ModelPlan): Promise<void> {
  const draft = `${path}.new`
  await writeFile(draft, JSON.stringify(plan), { mode: 0o600 })
  await rename(draft, path)
}

/** What `writePlan` wrote. @throws {Error} when there is no plan. */
export async function readPlan(path: string): Promise<ModelPlan> {
  return JSON.parse(await readFile(path, 'utf8')) as ModelPlan
}
