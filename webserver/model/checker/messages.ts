import type { CheckedModel, PlannedModel, TuningTable } from '../model-plan'

/** From the primary: look at this model, and then measure it. */
export interface CheckRequest {
  type: 'check'
  model: PlannedModel
}

/**
 * From the checker, two answers to a request. The first one holds even when measuring then ends the process; the second
 * one follows it unless the model is refused.
 */
export type CheckerMessage =
  | { type: 'refused'; reason: string }
  | { type: 'checked'; checked: CheckedModel }
  | { type: 'measured'; rows: TuningTable['rows'] }
