import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { identify } from './process-identity'

const identitySchema = z.object({ pid: z.number(), host: z.string(), start: z.string().nullable() })
const childSchema = identitySchema.extend({ role: z.string(), slot: z.number() })
const recordSchema = z.object({ primary: identitySchema, children: z.array(childSchema) })

export type Owner = z.infer<typeof recordSchema>

/**
 * Who runs on the data directory: a file that is there from start to clean stop. One that is found at a start tells
 * that the last stop was not clean, and which processes may still be about.
 */
export class OwnerRecord {
  private readonly children = new Map<number, Owner['children'][number]>()

  constructor(private readonly path: string) {}

  /** @returns null when there is none, or when a crash left it unreadable. */
  read(): Owner | null {
    try {
      return recordSchema.parse(JSON.parse(readFileSync(this.path, 'utf8')))
    } catch {
      return null
    }
  }

  /** Says that this process is the primary now. */
  claim(): void {
    this.write()
  }

  isOurs(): boolean {
    const { pid, start } = identify(process.pid)
    const owner = this.read()
    return owner?.primary.pid === pid && owner.primary.start === start
  }

  childStarted({ role, slot, pid }: { role: string; slot: number; pid: number }): void {
    this.children.set(pid, { role, slot, ...identify(pid) })
    this.write()
  }

  childEnded(pid: number): void {
    this.children.delete(pid)
    this.write()
  }

  remove(): void {
    rmSync(this.path, { force: true })
  }

  private write(): void {
    const owner: Owner = { primary: identify(process.pid), children: [...this.children.values()] }
    const draft = `${this.path}.${process.pid}`
    writeFileSync(draft, JSON.stringify(owner), { mode: 0o600 })
    renameSync(draft, this.path)
  }
}
