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
 * Asks for `/healthz` at fixed times, whether or not the answers before have come (an open loop), so that a stall shows
 * in every request that falls into it.
 */
export async function measureHealth(baseUrl: string, durationMs: number): Promise<Health> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const url = new URL('/healthz', baseUrl)
  const endsAt = performance.now() + durationMs
  const pending: Promise<number | null>[] = []
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      pending.push(ask(url, agent))
      if (performance.now() < endsAt) return
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

/** @returns ms until the whole answer was there; null when it failed. */
function ask(url: URL, agent: Agent): Promise<number | null> {
  const sentAt = performance.now()
  return new Promise((resolve) => {
    const request = get(url, { agent, timeout: timeoutMs }, (response) => {
      response.resume()
      response.once('end', () =>
        resolve(response.statusCode === 200 ? performance.now() - sentAt : null),
      )
    })
    request.once('timeout', () => request.destroy())
    request.once('error', () => resolve(null))
  })
}
