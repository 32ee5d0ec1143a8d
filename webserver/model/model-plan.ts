import type { ModelDigest, ModelFile } from './repository'
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

/** One version of a model as the primary plans it for the engines. */
export interface PlannedModel extends ModelFile, Pick<ModelDigest, 'sha256'> {
  settings: ModelSettings
  tuning: TuningTable | null
  /** Why no engine may load it, in one sentence; null when they may. */
  refusal: string | null
  /** When engines load it: as they start, when it is first asked for, or not at all. */
  load: 'start' | 'first_use' | 'never'
}
