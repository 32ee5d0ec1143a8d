import { createHash, randomBytes, randomInt } from 'node:crypto'
import type { Client } from '../files/client'

const contentBytesMax = 40_000
const churnPaths = 40

export function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/**
 * A service at work: some files are made and stay, others are replaced and deleted all the time, so that contents come
 * and go. Nothing is tried twice.
 */
export class BusyFiles {
  /** SHA-256 (hex) by path of what was acknowledged and is not touched again. */
  readonly kept = new Map<string, string>()
  readonly unexpected: string[] = []
  private readonly loops: Promise<void>[]
  private stopping = false

  constructor(private readonly client: Client) {
    const steps = [this.keep, this.keep, this.replace, this.replace, this.delete]
    this.loops = steps.map((step) => this.repeat(() => step.call(this)))
  }

  async stop(): Promise<void> {
    this.stopping = true
    await Promise.all(this.loops)
  }

  private async repeat(step: () => Promise<void>): Promise<void> {
    while (!this.stopping) await step()
  }

  /** One in four has a content that others have too. */
  private async keep(): Promise<void> {
    const path = `kept/${randomInt(20)}/${randomBytes(9).toString('hex')}`
    const body =
      randomInt(4) === 0
        ? Buffer.alloc(1000, randomInt(10))
        : randomBytes(randomInt(contentBytesMax))
    if (await this.ask('PUT', path, [201], body)) this.kept.set(path, sha256Of(body))
  }

  private async replace(): Promise<void> {
    const body = randomBytes(randomInt(contentBytesMax))
    await this.ask('PUT', `churn/${randomInt(churnPaths)}`, [200, 201, 204], body)
  }

  private async delete(): Promise<void> {
    await this.ask('DELETE', `churn/${randomInt(churnPaths)}`, [204, 404])
  }

  private async ask(
    method: string,
    path: string,
    expected: readonly number[],
    body?: Buffer,
  ): Promise<boolean> {
    const sent = { method, path: `/v1/files/root/${path}`, ...(body && { body }) }
    const { status } = await this.client.send(sent)
    if (expected.includes(status)) return true
    this.unexpected.push(`${method} ${path}: ${status}`)
    return false
  }
}
