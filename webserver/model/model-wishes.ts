import type { Config } from '../config/schema'
import type { ModelSettings } from './model-settings'
import type { PlannedModel } from './model-plan'

/** What someone stated when loading a model, in place of what lies on disk; it holds until the next load. */
export interface ModelOverride {
  /** Settings that win over those of `model.json`. */
  settings: Partial<ModelSettings>
  /** A directory of versions in place of the model's own; null when the files are those on disk. */
  directory: string | null
}

export interface ModelWish {
  load: PlannedModel['load']
  override: ModelOverride | null
}

const presets = {
  none: 'start',
  poll: 'start',
  explicit: 'never',
  on_demand: 'first_use',
} as const satisfies Record<Config['models']['mode'], PlannedModel['load']>

/** Which models are to be loaded: by the mode, by the setting `models.load` and by what was asked for since. */
export class ModelWishes {
  private constructor(
    private readonly preset: PlannedModel['load'],
    private readonly byName: ReadonlyMap<string, ModelWish>,
  ) {}

  static fromSettings({ mode, load }: Pick<Config['models'], 'mode' | 'load'>): ModelWishes {
    const names = load
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
    const loaded: ModelWish = { load: 'start', override: null }
    const preset = names.includes('*') ? 'start' : presets[mode]
    return new ModelWishes(preset, new Map(names.map((name) => [name, loaded])))
  }

  of(name: string): ModelWish {
    return this.byName.get(name) ?? { load: this.preset, override: null }
  }

  with(name: string, wish: ModelWish): ModelWishes {
    return new ModelWishes(this.preset, new Map(this.byName).set(name, wish))
  }

  /** Models whose files were sent with their load. */
  get uploaded(): string[] {
    return [...this.byName].filter(([, wish]) => wish.override?.directory).map(([name]) => name)
  }

  /** Where those files are. */
  get uploads(): string[] {
    return [...this.byName.values()].flatMap(({ override }) => override?.directory ?? [])
  }
}
