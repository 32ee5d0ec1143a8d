import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../domain/errors'
import { idleGraceMs } from '../platform/end-requests'
import type { EngineSlot } from './supervisor'

// Between a process's grace for idle connections and its having closed them.
const handOverMarginMs = 250

// A process that a load ended has left word which model it was; the next one passes that model over.
const attempts = 2

/** Puts engines that have read a new plan in the place of those that have not. */
export class EngineRenewal {
  constructor(private readonly engines: () => readonly EngineSlot[]) {}

  /**
   * One engine after another.
   * @param before is called before each, `after` with each that serves the plan; what they throw ends the renewal.
   * @throws {AppError} `unavailable` when an engine cannot be replaced.
   */
  async renewAll(
    plan: number,
    { before, after }: { before(): void; after(engine: EngineSlot): void },
  ): Promise<void> {
    for (const engine of this.engines()) {
      before()
      await renew(engine, plan)
      after(engine)
    }
  }

  /** Replaces those that serve a plan which failed; one that cannot be replaced goes on. */
  async replaceThose(plan: number): Promise<void> {
    for (const engine of this.engines()) if (engine.models()?.plan === plan) await engine.replace()
  }

  /** Connections to the old engines that stood idle are closed by then: whoever asks now is answered by new ones. */
  async untilHandedOver(): Promise<void> {
    await Promise.race([this.untilDrained(), sleep(idleGraceMs + handOverMarginMs)])
  }

  /** Resolves when every engine that was replaced has ended. */
  async untilDrained(): Promise<void> {
    await Promise.all(this.engines().map((engine) => engine.drained()))
  }
}

async function renew(engine: EngineSlot, plan: number): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    await engine.untilReady()
    if (engine.models()?.plan === plan || (await engine.replace())) return
  }
  throw new AppError('unavailable', `engine ${engine.number} could not be replaced`, {
    retryAfterS: 5,
  })
}
