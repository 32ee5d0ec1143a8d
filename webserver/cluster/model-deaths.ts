import type { Config } from '../config/schema'
import type { PlannedModel } from '../model/model-plan'

interface Record {
  sha256: string
  /** When it ended an engine, latest last. */
  timesMs: number[]
  isSetAside: boolean
}

type Settings = Pick<Config['inference'], 'modelDeathsMax' | 'modelDeathsWindowMs'>

/** Which model versions have ended engines, and which of them did so too often to be served. */
export class ModelDeaths {
  private readonly records = new Map<string, Record>()

  /** @param nowMs of a clock that only goes forward. */
  constructor(
    private readonly settings: Settings,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** @returns whether the version is to be set aside from now on. */
  record(model: PlannedModel): boolean {
    const record = this.recordOf(model)
    if (record.isSetAside) return false
    const now = this.nowMs()
    const since = now - this.settings.modelDeathsWindowMs
    record.timesMs = [...record.timesMs.filter((time) => time > since), now]
    record.isSetAside = record.timesMs.length >= this.settings.modelDeathsMax
    return record.isSetAside
  }

  /** Why a version that has been set aside is not served; null for any other. Another content is another model. */
  refusalOf(model: PlannedModel): string | null {
    const record = this.records.get(keyOf(model))
    if (record?.isSetAside !== true || record.sha256 !== model.sha256) return null
    const count = record.timesMs.length
    return `it ended ${count} ${count === 1 ? 'engine' : 'engines'}; load it again to retry`
  }

  /** Forgets the versions of a model; of all without a name. */
  forgive(name?: string): void {
    for (const key of this.records.keys())
      if (name === undefined || key.startsWith(`${name}/`)) this.records.delete(key)
  }

  private recordOf(model: PlannedModel): Record {
    const known = this.records.get(keyOf(model))
    if (known?.sha256 === model.sha256) return known
    const fresh = { sha256: model.sha256, timesMs: [], isSetAside: false }
    this.records.set(keyOf(model), fresh)
    return fresh
  }
}

function keyOf({ name, version }: PlannedModel): string {
  return `${name}/${version}`
}
