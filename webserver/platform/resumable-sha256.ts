import { createSHA256, type IHasher } from 'hash-wasm'

// Making one takes as long as hashing 100 KB.
const idleMax = 16
const idle: IHasher[] = []

/** A SHA-256 whose state can be kept as text, and gone on with in another process: what Node's own cannot. */
export class ResumableSha256 {
  private isFreed = false

  private constructor(private readonly hasher: IHasher) {}

  /** @param state of a hash that was saved; null begins a new one. */
  static async from(state: string | null): Promise<ResumableSha256> {
    const hasher = idle.pop() ?? (await createSHA256())
    if (state === null) hasher.init()
    else hasher.load(Buffer.from(state, 'base64'))
    return new ResumableSha256(hasher)
  }

  update(chunk: Buffer): void {
    this.hasher.update(chunk)
  }

  save(): string {
    return Buffer.from(this.hasher.save()).toString('base64')
  }

  /** In hex. The hash can be saved before, and not be used any more afterwards. */
  digest(): string {
    return this.hasher.digest()
  }

  /** Lets another hash have what this one was made of, which must be one only. Not to be used any more, but by `free`. */
  free(): void {
    if (this.isFreed) return
    this.isFreed = true
    if (idle.length < idleMax) idle.push(this.hasher)
  }
}
