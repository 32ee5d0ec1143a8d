import { signatureOf } from '../model/repository'

export interface ModelPollOptions {
  directory: string
  intervalMs: number
  /** The directory has changed, and has then stood still for one interval: nobody is in the middle of copying. */
  onChanged(): Promise<void>
  onError(error: unknown): void
}

/** Looks at the models directory again and again. */
export class ModelPoll {
  private readonly timer: NodeJS.Timeout
  private known: string | null = null
  private last: string | null = null
  private looking = false

  constructor(private readonly options: ModelPollOptions) {
    const look = () => void this.look().catch(options.onError)
    this.timer = setInterval(look, options.intervalMs)
    look()
  }

  close(): void {
    clearInterval(this.timer)
  }

  private async look(): Promise<void> {
    if (this.looking) return
    this.looking = true
    try {
      const now = await signatureOf(this.options.directory)
      this.known ??= now
      const settled = now === this.last && now !== this.known
      this.last = now
      if (!settled) return
      this.known = now
      await this.options.onChanged()
    } finally {
      this.looking = false
    }
  }
}
