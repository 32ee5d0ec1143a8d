import {
  monitorEventLoopDelay,
  performance,
  type EventLoopUtilization,
  type IntervalHistogram,
} from 'node:perf_hooks'

const lagResolutionMs = 50

/** What a process says of itself at an interval: how busy its event loop, its CPU and its memory are, and what was registered. */
export class Gauges {
  private readonly readings = new Map<string, () => number>()
  private readonly lag: IntervalHistogram
  private utilization: EventLoopUtilization
  private cpu: NodeJS.CpuUsage
  private readAt: number

  constructor() {
    this.lag = monitorEventLoopDelay({ resolution: lagResolutionMs })
    this.lag.enable()
    this.utilization = performance.eventLoopUtilization()
    this.cpu = process.cpuUsage()
    this.readAt = performance.now()
  }

  register(name: string, read: () => number): void {
    this.readings.set(name, read)
  }

  /**
   * Since the last reading: `elu` share of the time that the event loop was busy, `lag` its longest delay in ms, `cpu` cores used.
   * `rss` is MiB now.
   */
  read(): Record<string, number> {
    const utilization = performance.eventLoopUtilization()
    const cpu = process.cpuUsage()
    const now = performance.now()
    const fields: Record<string, number> = {
      elu: round(performance.eventLoopUtilization(utilization, this.utilization).utilization),
      lag: round(Math.max(0, this.lag.max / 1e6 - lagResolutionMs)),
      cpu: round(
        (cpu.user + cpu.system - this.cpu.user - this.cpu.system) / 1000 / (now - this.readAt),
      ),
      rss: Math.round(process.memoryUsage.rss() / 1024 ** 2),
    }
    this.utilization = utilization
    this.cpu = cpu
    this.readAt = now
    this.lag.reset()
    for (const [name, read] of this.readings) addReading(fields, name, read)
    return fields
  }

  stop(): void {
    this.lag.disable()
  }
}

/** A reading that fails is left out: a gauge must not end the process that it describes. */
function addReading(fields: Record<string, number>, name: string, read: () => number): void {
  try {
    const value = read()
    if (Number.isFinite(value)) fields[name] = round(value)
  } catch {
    return
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
