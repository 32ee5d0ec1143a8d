import type { CountedBlock } from './counted'
import type { LiveChange, LiveSettings } from './live-settings'
import type { SharedRegion } from './shared-memory'

/**
 * What a worker may ask of the primary, by name: the argument and the answer, both plain JSON. The primary alone knows
 * which models are to be served and what all processes have counted.
 */
export interface ControlQuestions {
  /** Every version of every model and how it stands (model repository extension, index). */
  'models.index': { argument: null; answer: readonly ModelState[] }
  /** What all processes have counted since the start of the service; never waits for one that is busy. */
  'metrics.totals': { argument: null; answer: readonly CountedBlock[] }
  /** Triton's ModelConfig; without a version of the one in use. */
  'models.config': {
    argument: { name: string; version: string | null }
    answer: Readonly<Record<string, unknown>>
  }
  /**
   * `config` is JSON; `directory` has the model's files when they were sent along, and is the primary's from then on;
   * with `measure` the model is checked and its runs are timed although that was done before.
   */
  'models.load': {
    argument: { name: string; config: string | null; directory: string | null; measure: boolean }
    answer: null
  }
  /** Asked by an engine that wants another process in its place. */
  'engine.replace': { argument: { slot: number }; answer: null }
  'models.unload': { argument: { name: string }; answer: null }
  'live.settings': { argument: null; answer: LiveSettings }
  /** `account` is the id of who changes them. */
  'live.change': { argument: { account: string; change: LiveChange }; answer: LiveSettings }
  /** Without a name, all of them. */
  'sharedMemory.status': { argument: { name: string | null }; answer: readonly SharedRegion[] }
  'sharedMemory.register': { argument: SharedRegion; answer: null }
  'sharedMemory.unregister': { argument: { name: string | null }; answer: null }
}

export type ControlQuestion = keyof ControlQuestions

/** The primary, as a worker sees it. */
export interface ServiceControl {
  /** @throws {AppError} what the primary answers; `unavailable` when it does not answer in time. */
  ask<Q extends ControlQuestion>(
    question: Q,
    argument: ControlQuestions[Q]['argument'],
  ): Promise<ControlQuestions[Q]['answer']>
}

/** A model version in the repository's index, in the words of the protocol. */
export interface ModelState {
  name: string
  version: string
  state: 'READY' | 'UNAVAILABLE' | 'LOADING' | 'UNLOADING' | 'UNKNOWN'
  /** Why it is not ready; empty when it is. */
  reason: string
}
