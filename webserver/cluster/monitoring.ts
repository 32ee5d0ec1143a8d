import type { Config } from '../config/schema'
import type { CountedBlock } from '../domain/counted'
import { Collector } from '../metrics/collector'
import { Counts } from '../metrics/counts'
import { observeProcess } from '../metrics/observe-process'
import type { CountsReport } from '../metrics/reporter'
import { Totals } from '../metrics/totals'
import type { ModelVersion } from './life-signs'
import type { Exit, ManagedProcess } from './managed-process'

const roles = ['worker', 'writer', 'engine', 'nginx'] as const
const deathReasons = ['deadline', 'killed', 'crashed', 'failed'] as const

/** The primary's part of the metrics: what all processes have counted, and how they ended. */
export class Monitoring {
  /** What the primary counts itself. */
  readonly counts = new Counts()
  private readonly collector: Collector

  /** @param processes those that are ready, so that they can be asked. */
  constructor(settings: Config['metrics'], processes: () => readonly ManagedProcess[]) {
    const totals = new Totals(settings.blocksMax)
    const { counts } = this
    this.collector = new Collector({ totals, counts, waitMs: settings.answerTimeoutMs, processes })
    observeProcess(counts, 'primary', 0)
    counts.observe('dropped', [], (values) => (values[0] = totals.dropped))
    // From zero on, so that the first death shows as an increase.
    for (const role of roles)
      for (const reason of deathReasons) counts.block('death', [role, reason])
  }

  /** The totals of all processes, those of the past included. */
  read(): Promise<CountedBlock[]> {
    return this.collector.read()
  }

  reported(process: ManagedProcess, report: CountsReport): void {
    this.collector.report(process, report)
    // Its last words may arrive after its end.
    if (process.isGone) this.collector.ended(process)
  }

  exited(process: ManagedProcess, exit: Exit): void {
    this.collector.ended(process)
    if (exit.code !== 0) this.counts.block('death', [process.role, reasonOf(exit)])[0]!++
  }

  /** A run of the model has ended its engine. */
  modelDied({ name, version }: ModelVersion, signal: NodeJS.Signals): void {
    this.counts.block('engine_death', [name, version, reasonOf({ signal })])[0]!++
  }
}

/** SIGALRM is an engine that ended itself because a run or load passed its deadline (DESIGN D7). */
function reasonOf({ signal }: Pick<Exit, 'signal'>): (typeof deathReasons)[number] {
  if (signal === null) return 'failed'
  if (signal === 'SIGALRM') return 'deadline'
  return signal === 'SIGKILL' || signal === 'SIGTERM' ? 'killed' : 'crashed'
}
