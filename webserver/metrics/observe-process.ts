import { performance } from 'node:perf_hooks'
import { memoryColumn, processColumn } from './block-kinds'
import type { Counts } from './counts'

/** Has a process count its processor time, how long its event loop was busy, and its memory. */
export function observeProcess(counts: Counts, role: string, slot: number): void {
  const labels = [role, String(slot)]
  counts.observe('process', labels, (values) => {
    const { user, system } = process.cpuUsage()
    values[processColumn.cpuUs] = user + system
    values[processColumn.loopActiveUs] = performance.eventLoopUtilization().active * 1000
  })
  counts.observe('memory', labels, (values) => {
    const { rss, heapUsed } = process.memoryUsage()
    values[memoryColumn.residentBytes] = rss
    values[memoryColumn.heapBytes] = heapUsed
  })
}
