import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { end, type ProcessGroup } from './processes'

/** Processes that measure the same thing at the same time, on order. */
export class Loops<Order, Result> {
  private constructor(private readonly children: readonly ChildProcess[]) {}

  static async start<Order, Result>(
    processes: ProcessGroup,
    module: 'session-loop' | 'durable-loop' | 'load-generator',
    count: number,
  ): Promise<Loops<Order, Result>> {
    const children = Array.from({ length: count }, () =>
      processes.fork(join(__dirname, 'peers', `${module}.js`), {}),
    )
    await Promise.all(children.map((child) => reply(child)))
    return new Loops(children)
  }

  /** Gives each of the first processes its order, all at once. @returns their results. */
  async measure(orders: readonly Order[]): Promise<Result[]> {
    return await Promise.all(
      orders.map(async (order, index) => {
        const child = this.children[index]!
        const answer = reply(child)
        child.send(order as object)
        return (await answer) as Result
      }),
    )
  }

  async stop(): Promise<void> {
    await Promise.all(this.children.map((child) => end(child)))
  }
}

async function reply(child: ChildProcess): Promise<unknown> {
  const controller = new AbortController()
  const { signal } = controller
  const gone = once(child, 'exit', { signal }).then(() => {
    throw new Error('a benchmark process ended too early')
  })
  gone.catch(() => undefined)
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal }), gone])) as [unknown]
    return message
  } finally {
    controller.abort()
  }
}
