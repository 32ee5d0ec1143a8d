import { batchMax, type MaintenanceStep } from './maintenance-steps'

export interface MaintenanceDependencies {
  steps: readonly MaintenanceStep[]
  intervalMs: number
  /** Receives what stopped a step; it comes again in the next pass. */
  onBackgroundError: (error: unknown, step: string) => void
}

/** Batches of one step in one pass. */
const batchesMax = 50

/** Does, now and then, what must be done without anybody asking for it. One process runs it. */
export class MaintenanceService {
  private timer: NodeJS.Timeout | null = null
  private running: Promise<void> = Promise.resolve()

  constructor(private readonly use: MaintenanceDependencies) {}

  /** The first pass comes an interval after the start, each other an interval after the one before it ended. */
  start(): void {
    this.timer = setTimeout(() => {
      this.running = this.pass().finally(() => {
        if (this.timer !== null) this.start()
      })
    }, this.use.intervalMs)
  }

  /** Resolves when the pass in hand has ended. */
  async stop(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    await this.running
  }

  /** One bounded pass. A step that fails keeps no other from its turn. */
  async pass(): Promise<void> {
    for (const step of this.use.steps)
      await untilShort(step).catch((error: unknown) => this.use.onBackgroundError(error, step.name))
  }
}

/** Repeats a step while it finds full batches. */
async function untilShort(step: MaintenanceStep): Promise<void> {
  for (let times = 0; times < batchesMax; times++) if ((await step.batch()) < batchMax) return
}
