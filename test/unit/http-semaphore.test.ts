import { QueueFullError, Semaphore } from '../../webserver/platform/semaphore'

describe('a semaphore', () => {
  test('runs so many at once, in order, and never more', async () => {
    const semaphore = new Semaphore({ concurrentMax: 2, queueMax: 100 })
    let running = 0
    let most = 0
    const order: number[] = []
    const work = Array.from({ length: 20 }, (_, n) =>
      semaphore.run(async () => {
        order.push(n)
        most = Math.max(most, ++running)
        await new Promise(setImmediate)
        running--
      }),
    )
    await Promise.all(work)
    expect(most).toBe(2)
    expect(order).toEqual(Array.from({ length: 20 }, (_, n) => n))
  })

  test('refuses at once when the queue is full, and frees places of work that failed', async () => {
    const semaphore = new Semaphore({ concurrentMax: 1, queueMax: 1 })
    const failing = semaphore.run(() => Promise.reject(new Error('broken')))
    const waiting = semaphore.run(() => Promise.resolve('done'))
    expect(semaphore.waitingCount).toBe(1)
    await expect(semaphore.run(() => Promise.resolve())).rejects.toThrow(QueueFullError)
    await expect(failing).rejects.toThrow('broken')
    expect(await waiting).toBe('done')
    expect(await semaphore.run(() => Promise.resolve('again'))).toBe('again')
  })
})
