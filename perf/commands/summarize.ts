import { stages } from '../../webserver/domain/timing'
import type { CallLine } from './read-log'
import { Samples } from './samples'

/** Requests of one route, or calls of one name that belong to no request. */
export class Group {
  readonly total = new Samples()
  readonly stages = new Map<string, Samples>()
  clientErrors = 0
  serverErrors = 0
  bytesIn = 0
  bytesOut = 0

  constructor(
    readonly name: string,
    /** Undefined for calls. */
    readonly route: string | undefined,
  ) {}

  addRequest(line: CallLine): void {
    const status = numberOf(line.s)
    if (status >= 500) this.serverErrors++
    else if (status >= 400) this.clientErrors++
    this.bytesIn += numberOf(line.bi)
    this.bytesOut += numberOf(line.bo)
    for (const stage of stages) {
      const spent = line[stage]
      if (typeof spent === 'number') this.samplesOf(stage).add(spent)
    }
    this.samplesOf('unaccounted').add(unaccounted(line))
  }

  private samplesOf(stage: string): Samples {
    const known = this.stages.get(stage)
    if (known !== undefined) return known
    const samples = new Samples()
    this.stages.set(stage, samples)
    return samples
  }
}

/** What a run's lines add up to. */
export class Summary {
  requests = 0
  /** Requests by the second in which they began. */
  readonly startedInSecond = new Map<number, number>()
  private readonly groups = new Map<string, Group>()

  add(line: CallLine): void {
    // A stage's own line repeats what its request's line has summed up.
    if (line.p !== undefined) return
    const group = this.groupOf(line)
    group.total.add(line.d)
    if (group.route === undefined) return
    this.requests++
    const second = Math.floor(line.t / 1e6)
    this.startedInSecond.set(second, (this.startedInSecond.get(second) ?? 0) + 1)
    group.addRequest(line)
  }

  /** Groups of requests, those first in which most time went. */
  routes(): Group[] {
    return this.sorted().filter((group) => group.route !== undefined)
  }

  calls(): Group[] {
    return this.sorted().filter((group) => group.route === undefined)
  }

  private sorted(): Group[] {
    return [...this.groups.values()].sort((a, b) => b.total.sum - a.total.sum)
  }

  private groupOf({ n, rt }: CallLine): Group {
    const route = typeof rt === 'string' ? rt : undefined
    const key = `${n} ${route ?? ''}`
    const known = this.groups.get(key)
    if (known !== undefined) return known
    const group = new Group(n, route)
    this.groups.set(key, group)
    return group
  }
}

export function numberOf(value: string | number | undefined): number {
  return typeof value === 'number' ? value : 0
}

/** The stages of a request in the order of their names' list, with the µs spent in each. */
export function stagesOf(line: CallLine): [stage: string, us: number][] {
  return stages.flatMap((stage) => {
    const spent = line[stage]
    return typeof spent === 'number' ? [[stage, spent] as [string, number]] : []
  })
}

/** µs of a request that no stage tells of; 0 where stages overlapped. */
export function unaccounted(line: CallLine): number {
  let accounted = 0
  for (const stage of stages) accounted += numberOf(line[stage])
  return Math.max(0, line.d - accounted)
}
