import type { ControlAnswers } from './control-server'
import type { LiveControl } from './live-control'
import type { ModelControl } from './model-control'
import type { Monitoring } from './monitoring'
import type { SharedMemoryControl } from './shared-memory-control'

export interface AnswerParts {
  models: ModelControl
  monitoring: Monitoring
  sharedMemory: SharedMemoryControl
  live: LiveControl
}

/** Who of the primary answers which question of the workers. */
export function answersOf({ models, monitoring, sharedMemory, live }: AnswerParts): ControlAnswers {
  return {
    'models.index': () => models.index,
    'models.config': (which) => models.config(which),
    'models.load': (what) => models.load(what),
    'models.unload': (what) => models.unload(what),
    'engine.replace': ({ slot }) => models.replaceEngine(slot),
    'sharedMemory.status': (which) => sharedMemory.status(which),
    'sharedMemory.register': (region) => sharedMemory.register(region),
    'sharedMemory.unregister': (which) => sharedMemory.unregister(which),
    'metrics.totals': () => monitoring.read(),
    'live.settings': () => live.settings,
    'live.change': async ({ account, change }) => {
      const settings = live.change(account, change)
      // Messages keep their order: who has told its counts has heard of the change.
      await monitoring.read()
      return settings
    },
  }
}
