import { readFileSync, renameSync } from 'node:fs'

/** What a test wants to happen, as JSON in the file that `openFaultPoints` is given. */
export interface Fault {
  /** Tells one order from the next. */
  id: string
  point: string
  /** Only where this is among what the step is about. */
  about?: string | undefined
  /** At which pass of the point in one process, from 1. */
  pass: number
  /** Ends the process as SIGKILL does, or makes the step fail. */
  action: 'kill' | 'throw'
}

/** Steps between which a process may end at any moment, by name, so that tests can end it at each. */
export interface FaultPoints {
  /** @param about what the step is about, to choose by. */
  pass(point: string, about?: readonly { name: string }[]): void
  /**
   * The same object, with a point before and after each of its methods: `<name>.<method>:before` and `:after`, the latter
   * when it has succeeded.
   * @param results by method, the name of what it returns, for points within that.
   */
  around<T extends object>(name: string, target: T, results?: Readonly<Record<string, string>>): T
}

/** As it is outside tests: nothing is looked at, and nothing stands between a caller and what it calls. */
export const noFaults: FaultPoints = {
  pass: () => undefined,
  around: (_name, target) => target,
}

/** @param orderPath empty for no faults. */
export function openFaultPoints(orderPath: string): FaultPoints {
  return orderPath === '' ? noFaults : new OrderedFaults(orderPath)
}

/** Obeys the order in the file, once: whichever process takes it renames the file, for the test to see. */
class OrderedFaults implements FaultPoints {
  private orderId = ''
  private passes = 0

  constructor(private readonly orderPath: string) {}

  pass(point: string, about: readonly { name: string }[] = []): void {
    const order = this.read()
    if (order === null || order.point !== point) return
    if (order.about !== undefined && !about.some(({ name }) => name === order.about)) return
    if (order.id !== this.orderId) this.passes = 0
    this.orderId = order.id
    this.passes++
    if (this.passes < order.pass || !this.take()) return
    if (order.action === 'throw') throw new Error(`a fault was ordered at ${point}`)
    process.kill(process.pid, 'SIGKILL')
  }

  around<T extends object>(
    name: string,
    target: T,
    results: Readonly<Record<string, string>> = {},
  ): T {
    return new Proxy(target, {
      get: (_, property) => {
        const value: unknown = Reflect.get(target, property)
        if (typeof property === 'symbol') return value
        const point = name === '' ? property : `${name}.${property}`
        if (typeof value === 'function')
          return (...args: unknown[]) =>
            this.call(point, () => value.apply(target, args) as unknown, results[property])
        return isObject(value) ? this.around(point, value) : value
      },
    })
  }

  private call(point: string, work: () => unknown, resultName: string | undefined): unknown {
    const finish = (result: unknown) => {
      this.pass(`${point}:after`)
      return resultName !== undefined && isObject(result) ? this.around(resultName, result) : result
    }
    this.pass(`${point}:before`)
    const result = work()
    return result instanceof Promise ? result.then(finish) : finish(result)
  }

  private read(): Fault | null {
    try {
      return JSON.parse(readFileSync(this.orderPath, 'utf8')) as Fault
    } catch {
      return null
    }
  }

  private take(): boolean {
    try {
      renameSync(this.orderPath, `${this.orderPath}.taken`)
      return true
    } catch {
      return false
    }
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
