import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { AppError } from '../../domain/errors'
import type { PlannedModel } from '../model-plan'
import { exampleFeeds, itemShapesOf } from './example-inputs'
import { countLoad } from './count-load'
import { loadReason } from './infer-error'
import type { LoadParts } from './load-models'
import type { Session } from './ort-runtime'
import type { ServedModel } from './served-model'
import { timeoutMarker } from './timeout-marker'

interface ResidentParts extends LoadParts {
  /** What the models of this engine may have in memory together, by their estimates. */
  budgetBytes: number
  /** Asks for a new process in place of this one, whose memory did not come back. */
  requestReplacement(): void
}

const mebibyte = 1024 ** 2
// Bodies, answers and the runs themselves need memory too, and not all of it is given back at once.
const growthMin = 256 * mebibyte

/** The models that are in this engine's memory: what is loaded, what may leave again, and how much room there is. */
export class ResidentModels {
  private usedBytes = 0
  /** Those that were loaded on demand. */
  private readonly leaving = new Set<ServedModel>()
  private readonly emptyBytes = process.memoryUsage.rss()
  private isReplaced = false

  constructor(private readonly parts: ResidentParts) {}

  /** Loads a model that stays. @throws {Error} why it cannot be loaded. */
  async loadForGood(model: ServedModel, timeoutMs: number): Promise<void> {
    this.requireRoom(model)
    await this.open(model, timeoutMs)
  }

  /** @throws {Error} when what stays leaves no room for the model, even if it were alone. */
  requireRoom({ memoryBytes }: ServedModel): void {
    const stayingBytes = this.usedBytes - sumOf(this.leaving)
    if (stayingBytes + memoryBytes <= this.parts.budgetBytes) return
    const used = stayingBytes === 0 ? '' : `, of which ${megabytes(stayingBytes)} are used`
    throw new Error(
      `the model needs ${megabytes(memoryBytes)} of memory, and the models of an engine may have ` +
        `${megabytes(this.parts.budgetBytes)}${used} (inference.modelMemoryBytesMax)`,
    )
  }

  /**
   * Loads a model that is asked for, in place of those that were not for longest. It holds the thread.
   * @throws {AppError} `unavailable` with the reason.
   */
  async load(model: ServedModel): Promise<void> {
    try {
      await countLoad(model.file, this.parts, async () => {
        this.requireRoom(model)
        await this.makeRoom(model.memoryBytes)
        await this.open(model, this.parts.settings.loadTimeoutMs)
      })
      this.leaving.add(model)
    } catch (error) {
      const reason = loadReason(error, model.file.path)
      throw new AppError('unavailable', `model '${model.name}' could not be loaded: ${reason}`, {
        retryAfterS: 5,
        cause: error,
      })
    }
  }

  private async makeRoom(bytes: number): Promise<void> {
    const { budgetBytes } = this.parts
    const hadToLeave = this.usedBytes + bytes > budgetBytes
    while (this.usedBytes + bytes > budgetBytes) await this.release(oldestOf(this.leaving))
    if (hadToLeave) this.lookAtGrowth()
  }

  private async release(model: ServedModel): Promise<void> {
    const { perf } = this.parts
    const startedAt = perf.now()
    const session = model.session!
    model.session = null
    this.leaving.delete(model)
    this.usedBytes -= model.memoryBytes
    await session.release()
    perf.call('model_release', startedAt, { m: model.name, v: model.version })
  }

  /** What was released should be back; where it is not, only the end of the process gives it back. */
  private lookAtGrowth(): void {
    const { budgetBytes, log, requestReplacement } = this.parts
    const grownBytes = process.memoryUsage.rss() - this.emptyBytes - this.usedBytes
    if (this.isReplaced || grownBytes <= Math.max(growthMin, budgetBytes / 2)) return
    this.isReplaced = true
    log.info({ grownBytes }, 'memory did not come back; the engine asks to be replaced')
    requestReplacement()
  }

  private async open(model: ServedModel, timeoutMs: number): Promise<void> {
    const { runDirectory, watchdog } = this.parts
    await requireUnchanged(model.file, runDirectory)
    watchdog.begin('load', model.number, timeoutMs)
    model.session = await this.openWarm(model).finally(() => watchdog.end())
    this.usedBytes += model.memoryBytes
  }

  /** Runs it once, where the sizes are known: the first run of a session takes longer than the others. */
  private async openWarm(model: ServedModel): Promise<Session> {
    const { runtime } = this.parts
    const session = await runtime.createSession(model.file.path, model.settings.threads)
    const shapes = itemShapesOf(model, model.settings.exampleShapes)
    if (shapes !== null) {
      const feeds = exampleFeeds(shapes, { ...model, items: 1, Tensor: runtime.Tensor })
      // A model that does not like synthetic input may like a caller's.
      await session.run(feeds).catch(() => undefined)
    }
    return session
  }
}

/** @throws {Error} when the file is not the one that was checked, or an engine has died of loading it. */
async function requireUnchanged(file: PlannedModel, runDirectory: string): Promise<void> {
  if (existsSync(timeoutMarker(file, runDirectory)))
    throw new Error('the model did not load in time')
  const { size, mtimeMs } = await stat(file.path)
  if (size !== file.sizeBytes || Math.trunc(mtimeMs) !== file.modifiedAtMs)
    throw new Error('model.onnx has changed since it was checked')
}

function oldestOf(models: ReadonlySet<ServedModel>): ServedModel {
  return [...models].reduce((oldest, model) =>
    model.lastRunAtMs < oldest.lastRunAtMs ? model : oldest,
  )
}

function sumOf(models: Iterable<ServedModel>): number {
  return [...models].reduce((sum, { memoryBytes }) => sum + memoryBytes, 0)
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / mebibyte)} MiB`
}
