import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Service } from './start-service'

/** To be given to `startService`, so that faults can be ordered later. */
export const underLibfiu = resolve(__dirname, 'under-libfiu.cjs')

export interface DiskFault {
  role: 'worker' | 'writer'
  /** As libfiu names the call. */
  call: string
  /** The error number that the call fails with; null for a call that does less than it was asked to. */
  errno: number | null
}

/** System calls of a service's processes that fail by chance, until told to stop. */
export class DiskFaults {
  private readonly pids = new Set<number>()

  constructor(private readonly service: Service) {}

  /** In all processes of the role that run now; those that take their place have no faults. */
  begin({ role, call, errno }: DiskFault): void {
    const failinfo = errno === null ? '' : `,failinfo=${errno}`
    this.tell(role, `enable_random name=${call},probability=0.3${failinfo}`)
  }

  end({ role, call }: DiskFault): void {
    this.tell(role, `disable name=${call}`)
  }

  /** What processes that were killed left behind. */
  removePipes(): void {
    for (const pid of this.pids)
      for (const end of ['in', 'out']) rmSync(`/tmp/fiu-ctrl-${pid}.${end}`, { force: true })
  }

  private tell(role: DiskFault['role'], command: string): void {
    for (const pid of this.service.pids(role)) {
      this.pids.add(pid)
      execFileSync('fiu-ctrl', ['-c', command, String(pid)], { timeout: 10_000 })
    }
  }
}
