import { same } from './own-client'
import type { Random } from './random'
import { urlOf, type Answer, type Session } from './session'

/** A write as who sent it saw it: it took effect at some moment between. `etag` is null for a deletion. */
interface Write {
  etag: string | null
  startedAt: number
  endedAt: number
}

const names = ['p', 'q', 'r']

/**
 * Files that several clients change at once. What a read may answer is a set: what some write left that another had not
 * certainly gone over before the read began. Whoever replaces under If-Match has replaced exactly that.
 */
export class SharedFiles {
  private readonly writes = new Map<string, Write[]>(
    names.map((name) => [name, [{ etag: null, startedAt: -Infinity, endedAt: -Infinity }]]),
  )
  private readonly reads: (Write & { name: string })[] = []
  private readonly replaced = new Set<string>()
  private contents = 0
  private clock = 0

  constructor(private readonly owner: string) {}

  async step(who: Session, random: Random): Promise<void> {
    const name = random.pick(names)
    const kind = random.pick(['read', 'read', 'write', 'write', 'replace', 'delete'] as const)
    if (kind === 'read') await this.read(who, name)
    else if (kind === 'write') await this.write(who, name)
    else if (kind === 'replace') await this.replace(who, name)
    else await this.delete(who, name)
  }

  private url(name: string): string {
    return urlOf('v1', 'files', this.owner, 'shared', name)
  }

  private async read(who: Session, name: string): Promise<string | null> {
    const startedAt = this.clock++
    const answer = await who.ask('GET', this.url(name))
    const endedAt = this.clock++
    same([200, 404].includes(answer.status), true)
    const etag = answer.status === 404 ? null : answer.headers['etag']!
    this.reads.push({ name, etag, startedAt, endedAt })
    return etag
  }

  private async write(who: Session, name: string): Promise<void> {
    await this.send(who, name, {})
  }

  private async replace(who: Session, name: string): Promise<void> {
    const etag = await this.read(who, name)
    if (etag === null) return
    const answer = await this.send(who, name, { 'if-match': etag })
    if (answer.status === 412) return
    same(answer.status, 200)
    same(this.replaced.has(etag), false)
    this.replaced.add(etag)
  }

  private async send(who: Session, name: string, headers: Record<string, string>): Promise<Answer> {
    // No two are alike, so that a tag tells which write it was.
    const body = Buffer.from(`${name} ${++this.contents} ${'x'.repeat(this.contents % 50)}`)
    const startedAt = this.clock++
    const answer = await who.ask('PUT', this.url(name), { headers, body })
    const endedAt = this.clock++
    same([200, 201, 412].includes(answer.status), true)
    if (answer.status !== 412)
      this.writes.get(name)!.push({ etag: answer.headers['etag']!, startedAt, endedAt })
    return answer
  }

  private async delete(who: Session, name: string): Promise<void> {
    const startedAt = this.clock++
    const answer = await who.ask('DELETE', this.url(name))
    const endedAt = this.clock++
    same([204, 404].includes(answer.status), true)
    if (answer.status === 204) this.writes.get(name)!.push({ etag: null, startedAt, endedAt })
  }

  /**
   * When every operation was answered, since others may see a write before its sender does.
   * @throws {Error} when a read answered what it could not.
   */
  judge(): void {
    for (const { name, etag, startedAt, endedAt } of this.reads) {
      const writes = this.writes.get(name)!
      const isOver = (write: Write) =>
        writes.some((later) => later.startedAt > write.endedAt && later.endedAt < startedAt)
      const isPossible = writes
        .filter((write) => write.etag === etag && write.startedAt < endedAt)
        .some((write) => !isOver(write))
      if (!isPossible) throw new Error(`a read of ${name} answered ${etag}, which it could not`)
    }
  }
}
