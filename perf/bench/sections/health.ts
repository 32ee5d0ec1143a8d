import { Agent, get } from 'node:http'
import { percentile } from '../statistics'

const intervalMs = 5
const timeoutMs = 5000

export interface Health {
  requests: number
  failed: number
  p50Ms: number
  p99Ms: number
}

/**
 * Asks for `/healthz` at fixed times, whether or not the answer before has come (an open loop), and counts from the
 * intended time, so that a stall shows in every request that it delayed.
 */
export async function measureHealth(baseUrl: string, durationMs: number): Promise<Health> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const url = new URL('/healthz', baseUrl)
  const startedAt = performance.now()
  const pending: Promise<number | null>[] = []
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const now = performance.now()
      while (startedAt + pending.length * intervalMs <= now)
        pending.push(ask(url, agent, startedAt + pending.length * intervalMs))
      if (now - startedAt < durationMs) return
      clearInterval(timer)
      resolve()
    }, intervalMs)
  })
  const answers = await Promise.all(pending)
  agent.destroy()
  const latencies = answers.filter((latency) => latency !== null)
  return {
    requests: answers.length,
    failed: answers.length - latencies.length,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
  }
}

/** @returns ms since the intended time; null when it failed. */
function ask(url: URL, agent: Agent, intendedAt: number): Promise<number | null> {
  return new Promise((resolve) => {
    const request = get(url, { agent, timeout: timeoutMs }, (response) => {
      response.resume()
      response.once('end', () =>
        resolve(response.statusCode === 200 ? performance.now() - intendedAt : null),
      )
    })
    request.once('timeout', () => request.destroy())
    request.once('error', () => resolve(null))
  })
}
