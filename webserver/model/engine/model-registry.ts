import { modelNotReady, unknownModel } from '../../domain/model-refusals'
import { shown } from './request-fields'

/** One version of a model: loaded, or why not. */
export type ModelEntry<Target> = { version: string } & (
  { state: 'ready'; target: Target } | { state: 'failed' | 'unloaded'; reason: string }
)

/** The models of this engine by name and version. */
export class ModelRegistry<Target> {
  private readonly models = new Map<string, ModelEntry<Target>[]>()

  /** Versions are added oldest first. */
  add(name: string, entry: ModelEntry<Target>): void {
    const entries = this.models.get(name)
    if (entries === undefined) this.models.set(name, [entry])
    else entries.push(entry)
  }

  get names(): string[] {
    return [...this.models.keys()]
  }

  get all(): ModelEntry<Target>[] {
    return [...this.models.values()].flat()
  }

  versionsOf(name: string): string[] {
    return (this.models.get(name) ?? []).map(({ version }) => version)
  }

  /**
   * A version, or without one the newest that is loaded, or else the newest.
   * @throws {AppError} `not_found` with Triton's words.
   */
  find(name: string, version: string | undefined): ModelEntry<Target> {
    const entries = this.models.get(name)
    if (entries === undefined) throw unknownModel(shown(name))
    const entry =
      version === undefined
        ? (entries.findLast(({ state }) => state === 'ready') ?? entries.at(-1))
        : entries.find((candidate) => candidate.version === version)
    if (entry !== undefined) return entry
    throw unknownModel(shown(name), shown(version ?? ''))
  }

  /** @throws {AppError} `not_found`; `unavailable` with the reason when the version could not be loaded. */
  requireReady(name: string, version: string | undefined): Target {
    const entry = this.find(name, version)
    if (entry.state === 'ready') return entry.target
    throw modelNotReady(shown(name), entry.version, entry.reason)
  }
}
