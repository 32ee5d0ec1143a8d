import { createHash, randomBytes, randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, filePath } from '../../../webserver/demo/client'
import { requireFloats } from '../../../webserver/demo/tensors'
import type { Service } from '../service'

const pauseAfterFailureMs = 20
const contentBytesMax = 64 * 1024
const modelWidth = 16

/** What the service acknowledged, and so must still have. */
export interface Ledger {
  /** SHA-256 (hex) by path below the owner. */
  files: Map<string, string>
  /** Password by name. */
  accounts: Map<string, string>
  inferences: number
  wrongInferences: number
  /** Requests that failed or got no answer: allowed while something is dead. */
  failed: number
}

export function emptyLedger(): Ledger {
  return { files: new Map(), accounts: new Map(), inferences: 0, wrongInferences: 0, failed: 0 }
}

/** Uploads, makes accounts and runs a model, from several loops at once, until told to stop. */
export class MixedLoad {
  private stopping = false
  private readonly loops: Promise<void>[]

  constructor(
    private readonly service: Service,
    private readonly ledger: Ledger,
  ) {
    const kinds = [this.upload, this.upload, this.upload, this.upload]
    this.loops = [...kinds, this.register, this.register, this.infer, this.infer].map((kind) =>
      this.repeat(() => kind.call(this)),
    )
  }

  async stop(): Promise<void> {
    this.stopping = true
    await Promise.all(this.loops)
  }

  private async repeat(operation: () => Promise<void>): Promise<void> {
    while (!this.stopping)
      try {
        await operation()
      } catch {
        this.ledger.failed++
        await delay(pauseAfterFailureMs)
      }
  }

  /** One in four uploads repeats a content that may be stored already, so that shared blobs are met too. */
  private async upload(): Promise<void> {
    const body =
      randomInt(4) === 0
        ? Buffer.alloc(1000, randomInt(10))
        : randomBytes(randomInt(contentBytesMax))
    const path = `crash/${randomBytes(9).toString('hex')}`
    const contentType = 'application/octet-stream'
    const { account, client } = this.service
    await client.putFile({ path: filePath(account, path), contentType, body })
    this.ledger.files.set(path, createHash('sha256').update(body).digest('hex'))
  }

  private async register(): Promise<void> {
    const name = `crash-${randomBytes(9).toString('hex')}`
    const password = randomBytes(9).toString('hex')
    await this.service.client.createAccount({ name, password })
    this.ledger.accounts.set(name, password)
  }

  /** The model answers what it got, so a wrong answer shows. */
  private async infer(): Promise<void> {
    const data = Float32Array.from({ length: modelWidth }, () => Math.random())
    const outputs = await this.service.client.infer('echo', [
      { name: 'INPUT0', shape: [1, modelWidth], data },
    ])
    this.ledger.inferences++
    const answer = requireFloats(outputs, 'OUTPUT0').data
    if (!Buffer.from(answer.buffer).equals(Buffer.from(data.buffer))) this.ledger.wrongInferences++
  }
}

export interface Losses {
  lostFiles: number
  corruptFiles: number
  lostAccounts: number
}

const checksAtOnce = 8

/** Reads back every acknowledged file and logs in to every acknowledged account. */
export async function findLosses(service: Service, ledger: Ledger): Promise<Losses> {
  const losses = { lostFiles: 0, corruptFiles: 0, lostAccounts: 0 }
  await each([...ledger.files], async ([path, sha256]) => {
    const content = await orNull(service.client.getFile(filePath(service.account, path)))
    if (content === null) losses.lostFiles++
    else if (createHash('sha256').update(content).digest('hex') !== sha256) losses.corruptFiles++
  })
  await each([...ledger.accounts], async ([name, password]) => {
    const known = await orNull(new Client(service.url).logIn({ name, password }).then(() => true))
    if (known === null) losses.lostAccounts++
  })
  return losses
}

async function orNull<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise
  } catch {
    return null
  }
}

async function each<T>(items: readonly T[], check: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  const lane = async () => {
    for (let item = queue.pop(); item !== undefined; item = queue.pop()) await check(item)
  }
  await Promise.all(Array.from({ length: checksAtOnce }, lane))
}
